"""The fixtures that give a scenario its people; each needs a fixture `system`."""

from collections.abc import Iterator

import pytest

from demo.system import System
from tests.e2e.people import Cast


@pytest.fixture
def cast(system: System) -> Iterator[Cast]:
    """The people of one scenario."""
    cast = Cast(system)
    yield cast
    cast.leave()


@pytest.fixture
def ada(cast: Cast):
    return cast.person("Ada")


@pytest.fixture
def ben(cast: Cast):
    return cast.person("Ben")


@pytest.fixture
def admin(cast: Cast):
    return cast.admin


@pytest.fixture
def airports(cast: Cast) -> str:
    """The name of a new, empty collection."""
    return cast.airports()
