"""kill -9 at each step of relay and consumer: the next process goes on, nothing is lost, doubled or reordered."""

import subprocess
import sys

import pytest

from shared.bus.tests.conftest import World
from shared.bus.tests.mortal import STEPS
from shared.database.migrator import ROOT
from shared.testing import eventually

KINDS = [("sqlite", "redis"), ("postgres", "redis"), ("sqlite", "rabbitmq")]


def start(world: World, step: str) -> subprocess.Popen:
    urls = [database.engine.url.render_as_string(hide_password=False) for database in (world.source, world.target)]
    urls = [url.replace("postgresql+psycopg://", "postgresql://") for url in urls]
    command = [sys.executable, "-m", "shared.bus.tests.mortal", *urls, world.url, step]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize(("database_url", "broker"), KINDS, indirect=True)
@pytest.mark.parametrize("step", STEPS)
def test_a_process_killed_at_a_step_loses_and_doubles_nothing(broken_world, step):
    world = broken_world
    for amount in range(20):
        world.write(f"account-{amount % 3}", amount)
    killed = start(world, step)
    assert killed.wait(400) == -9
    for amount in range(20, 30):
        world.write(f"account-{amount % 3}", amount)
    heir = start(world, "")
    try:
        eventually(lambda: len(world.noted()) >= 30, within=400)
    finally:
        heir.kill()
        heir.wait(60)
    for account in range(3):
        assert world.noted(f"account-{account}") == [n for n in range(30) if n % 3 == account]
