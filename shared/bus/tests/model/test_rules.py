"""Each rule of the protocol is needed: left out, a run soon loses, doubles or swaps something, or never ends."""

import pytest

from shared.bus.tests.model.broken import COMFORT, NEEDED, VOID_REPORTS_COUNT, Rule
from shared.bus.tests.model.checking import Verdict, judge, settle
from shared.bus.tests.model.consumer import Consumer
from shared.bus.tests.model.exploring import explore
from shared.bus.tests.model.faults import RESTORES
from shared.bus.tests.model.source import WINDOW_SECONDS, Relay
from shared.bus.tests.model.world import World

RUNS = 150
"""Within so many runs; most show at the first."""


def first_bad(rule: Rule) -> str | None:
    """What went wrong in the first bad run."""
    seeds = range(rule.first, rule.first + RUNS)
    with rule.left_out():
        verdicts = explore(seeds, faults=rule.faults)
        return next((str(verdict) for _, verdict in verdicts if not verdict.is_good), None)


@pytest.mark.parametrize("rule", NEEDED)
def test_a_rule_that_is_left_out_is_missed(rule):
    assert first_bad(NEEDED[rule]), f"nothing went wrong in {RUNS} runs"


@pytest.mark.parametrize("rule", COMFORT)
def test_what_is_left_out_for_comfort_only_is_not_missed(rule):
    with COMFORT[rule].left_out():
        verdicts = explore(range(30), faults=RESTORES)
        assert [verdict for _, verdict in verdicts if not verdict.is_good] == []


def only(world: World, kind: type, name: str, steps: int = 600) -> None:
    """One process goes on, all others sleep."""
    process = next(one for one in world.processes if one.kind is kind and one.service.name == name)
    for _ in range(steps):
        world.now += 0.02
        world.advance(process)


def write(world: World, count: int) -> None:
    for _ in range(count):
        world.write("a", "k")
        world.commit("a", 0)
    world.moods.clear()
    only(world, Relay, "a")


def a_report_of_what_became_void() -> Verdict:
    """c reports more than a knows after a was put back, and is off while a goes on and prunes."""
    world = World(0)
    source = world.services["a"]
    write(world, 1)
    backup = source.store.copy()
    write(world, 2)
    only(world, Consumer, "c")
    source.store = backup
    only(world, Consumer, "c")
    write(world, 2)
    world.now += WINDOW_SECONDS
    only(world, Relay, "a")
    settle(world)
    return judge(world)


def test_a_report_counts_only_as_far_as_it_is_not_void():
    assert a_report_of_what_became_void().is_good
    with VOID_REPORTS_COUNT.left_out():
        assert a_report_of_what_became_void().lost
