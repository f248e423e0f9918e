"""The cells of the test run, all played before the first is judged: several at a time."""

import pytest

from tests.faults.brokers import BROKERS
from tests.faults.cells import every_cell
from tests.faults.laboratory import Laboratory, Outcome
from tests.faults.pairs import pairwise

PLAYED = pairwise([cell for cell in every_cell() if not cell.reason_against()])


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, Outcome]:
    """How each cell of the pairwise subset went, by its name."""
    played: dict[str, Outcome] = {}
    lab = Laboratory(tmp_path_factory.mktemp("faults"), BROKERS["redis"], {"sqlite": 2, "postgres": 2})
    try:
        lab.play(PLAYED, lambda outcome: played.update({outcome.cell.name: outcome}))
    finally:
        lab.close()
    return played
