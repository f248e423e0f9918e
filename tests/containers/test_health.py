"""Health checks say what is wrong; what only hung for a while is well again, and what dies comes back by itself."""

import pytest

from demo.containers import Containers, ailing, service_of
from demo.waiting import eventually
from tests.e2e.freezing import frozen, kill, wait_until_whole


@pytest.fixture(autouse=True)
def whole_afterwards(system):
    yield
    wait_until_whole(system, within=300)


def wrong(system: Containers) -> dict[str, str]:
    """What is said of each container that is not well."""
    return dict(one.split(": ", 1) for one in ailing(system.containers()))


def test_a_container_that_stands_still_is_unhealthy_and_its_check_says_why(system):
    with frozen(system, "worker", "mail-bus"):
        said = eventually(lambda: both(wrong(system)), "the health checks speak", within=240, every=1)
        assert said["worker"].startswith("unhealthy http://127.0.0.1:8000/readyz does not answer")
        assert said["mail-bus"].startswith("unhealthy no progress for ")


def both(said: dict[str, str]) -> dict[str, str] | None:
    return said if {"worker", "mail-bus"} <= {name for name, what in said.items() if what.startswith("unh")} else None


def test_every_kind_of_container_comes_back_by_its_restart_policy(system):
    names = ["auth", "data-bus", "mail-tasks", "beat", "postgres", "redis", "gateway"]
    before = {service_of(one): one["RestartCount"] for one in system.containers(*names)}
    kill(system, *names)
    wait_until_whole(system, within=300)
    after = {service_of(one): one["RestartCount"] for one in system.containers(*names)}
    assert [name for name in names if after[name] <= before[name]] == []
