"""Starts a whole system for the scenarios: one on each database, one after the other, or none where one is given."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.finding import find_or_start
from demo.settings import DemoSettings
from demo.system import System, found, quintet
from tests.e2e.casting import ada, admin, airports, ben, cast  # noqa: F401 - fixtures

SETTINGS = DemoSettings()
IS_GIVEN = bool(SETTINGS.e2e_project or SETTINGS.e2e_base_url or SETTINGS.e2e_state)
DATABASES = ["given"] if IS_GIVEN else ["sqlite", "postgres"]
NOT_OF_CONTAINERS = {
    "test_a_sixth_service.py": "runs a copy of the repository as processes; test_with_a_sixth_service.py as containers",
    "test_backup.py": "loses files of the state folder; tests/containers/test_backup.py loses volumes",
    "test_chaos.py": "runs as processes of its own; test_the_story_under_kills.py breaks containers",
    "test_several_instances.py": "speaks to each instance by its port; of containers the gateway's alone is published",
    "test_the_watchdog.py": "is about `make up`'s watchdog; test_health.py says how containers tell of what hangs",
}
"""Scenarios that can't apply to containers, and why."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(900))
            if SETTINGS.e2e_project and (reason := NOT_OF_CONTAINERS.get(item.path.name)):
                item.add_marker(pytest.mark.skip(reason=f"not of containers: it {reason}"))


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
    if not system.is_operated:
        pytest.skip("the system that was given is not ours to tamper with")
    return system
