"""Faults at every step: afterwards every event had its effect once and in order, every command ended once."""

import pytest

from tests.faults.conftest import PLAYED

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("name", [cell.name for cell in PLAYED])
def test_a_fault_at_a_step_loses_doubles_and_reorders_nothing(outcomes, name):
    outcome = outcomes[name]
    assert outcome.slip == "", f"see {outcome.folder}"
