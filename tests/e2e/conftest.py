"""Starts a whole system for the scenarios: one on each database, one after the other, or none where one is given."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.settings import DemoSettings
from demo.system import System, find_or_start, found, quintet
from tests.e2e.people import Cast

SETTINGS = DemoSettings()
DATABASES = ["given"] if SETTINGS.e2e_base_url or SETTINGS.e2e_state else ["sqlite", "postgres"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session", params=DATABASES)
def system(request) -> Iterator[System]:
    """A running system; `make up` could not do more."""
    if request.param == "given":
        state = SETTINGS.e2e_state
        yield found(state.absolute(), SETTINGS.admin_email) if state else find_or_start(SETTINGS)
        return
    folder = Path(tempfile.mkdtemp(prefix="quintet-e2e-"))
    folder.chmod(0o711)  # nginx's and PostgreSQL's own users must get through
    state = folder / "var"
    try:
        quintet(state, "up", "--port", "0", "--mail-port", "0", "--database", request.param)
        yield found(state, SETTINGS.admin_email, is_ours=True)
    finally:
        quintet(state, "down")
        shutil.rmtree(folder)


@pytest.fixture
def in_our_hands(system: System) -> System:
    """A system whose processes may be tampered with."""
    if system.state is None:
        pytest.skip("the system that was given is not ours to tamper with")
    return system


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
