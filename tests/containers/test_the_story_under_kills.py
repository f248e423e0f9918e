"""The story while containers' processes are killed at random from the host: they come back, and it ends as ever."""

import secrets
from collections import Counter
from collections.abc import Iterator

import pytest

from demo.containers import Containers, service_of
from demo.settings import DemoSettings
from demo.stage import Stage
from demo.steps import STEPS
from demo.steps.airports import rows
from demo.steps.burst import WRITES
from demo.steps.live import NEW_AIRPORTS
from demo.waiting import patient
from tests.containers.killing import PILLARS, Killer
from tests.e2e.freezing import wait_until_whole

LEASES = 5
"""What a killed worker had taken is done by another when its lease has run out, so all takes longer."""
ROOM = "/v1/realtime/rooms/hangar-{}/messages"
SAID = ["Is the runway clear?", "Clear as a bell.", "Landing."]


@pytest.fixture
def killer(system, capsys) -> Iterator[Killer]:
    """Says at the end what it killed when, and by which seed, however the story ended."""
    given = DemoSettings().e2e_seed
    killer = Killer(system, secrets.randbelow(2**31) if given is None else given)
    yield killer
    with capsys.disabled():
        print("", *killer.told, sep="\n")
    wait_until_whole(system, within=300)


@pytest.mark.timeout(900)
def test_the_story_happens_though_any_container_is_killed(system, killer):
    before = restarts(system)
    stage = Stage(system, print, may_flush=True, is_patient=True)
    with patient(LEASES):
        try:
            for number, (title, step) in enumerate(STEPS, 1):
                with stage.step(step.__name__), killer.during(f"{number}. {title}"):
                    step(stage)
            wait_until_whole(system, within=300)
            assert_the_outcome(stage)
        finally:
            wait_until_whole(system, within=300)
            stage.clear()
    after, times = restarts(system), Counter(killer.killed)
    assert {*PILLARS} <= {*times} and len(killer.killed) >= len(STEPS)
    gone = {name for name in times if after[name] - before[name] < times[name]}
    assert not gone, "killed more often than started anew"


def assert_the_outcome(stage: Stage) -> None:
    """What a story on a calm system leaves behind, seen once more after the last kill."""
    assert stage.ada.counts(stage.collection) == len(rows()) + len(NEW_AIRPORTS) + WRITES
    told = [(one.data["kind"], one.data["record"]["id"], one.data["version"]) for one in stage.watching.changes]
    assert len(told) == len({*told}), "a change was told twice"
    assert [one["text"] for one in reversed(stage.cleo.api.ask("GET", ROOM.format(stage.run))["items"])] == SAID
    assert "thumb" in stage.ben.reads(stage.collection, stage.alaskan[0]["id"])["photo"]["variants"]


def restarts(system: Containers) -> dict[str, int]:
    """How often the engine has started each container anew."""
    return {service_of(one): one["RestartCount"] for one in system.containers()}
