"""What tests of the containers work on: the Compose project that `make compose-test` has brought up."""

from pathlib import Path

import pytest

from demo.containers import Containers
from demo.settings import DemoSettings
from tests.e2e.casting import ada, admin, airports, ben, cast  # noqa: F401 - fixtures

SETTINGS = DemoSettings()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.containers)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def system() -> Containers:
    """The running containers."""
    if not SETTINGS.e2e_project:
        pytest.skip("no containers are given: `make compose-test` brings some up")
    return Containers.of(SETTINGS.e2e_project, SETTINGS.e2e_env_file.absolute(), is_ours=True)
