"""Whatever happens between any two steps, nothing is lost, nothing doubled, and each key's events stay in order."""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from shared.bus.tests.model.broken import NEEDED
from shared.bus.tests.model.checking import judge, settle
from shared.bus.tests.model.exploring import KEYS, explore, impatience, play
from shared.bus.tests.model.faults import FAULTS, RESTORES
from shared.bus.tests.model.world import World

FAULT_KINDS = sorted(FAULTS, key=lambda fault: fault.__name__)
writers = st.sampled_from("aab")


class AnyCourseOfThings(RuleBasedStateMachine):
    """Hypothesis decides what happens when, and makes a bad course of things short."""

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed):
        self.patience = impatience()
        self.patience.__enter__()
        self.world, self.random = World(seed), Random(seed)

    @rule(writer=writers, key=st.sampled_from(KEYS), commits=st.booleans())
    def write(self, writer, key, commits):
        self.world.write(writer, key)
        if commits:
            self.world.commit(writer, -1)

    @rule(writer=writers, which=st.integers(0, 5))
    def commit(self, writer, which):
        self.world.commit(writer, which)

    @rule(writer=writers, which=st.integers(0, 5))
    def roll_back(self, writer, which):
        self.world.roll_back(writer, which)

    @rule(steps=st.integers(1, 150))
    def go_on(self, steps):
        for _ in range(steps):
            self.world.step()

    @rule(fault=st.sampled_from(FAULT_KINDS))
    def go_wrong(self, fault):
        fault(self.world, self.random)

    def teardown(self):
        try:
            settle(self.world)
            verdict = judge(self.world)
        finally:
            self.patience.__exit__(None, None, None)
        assert verdict.is_good, verdict


TestAnyCourseOfThings = AnyCourseOfThings.TestCase
TestAnyCourseOfThings.settings = settings(
    max_examples=40,
    stateful_step_count=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def test_hypothesis_finds_a_course_of_things_in_which_a_missing_rule_is_missed():
    quick = settings(TestAnyCourseOfThings.settings, phases=[Phase.generate], database=None)
    with NEEDED["a position moves by compare-and-set"].left_out(), pytest.raises(AssertionError, match="doubled"):
        run_state_machine_as_test(AnyCourseOfThings, settings=quick)


def bad(verdicts) -> dict:
    return {seed: verdict for seed, verdict in verdicts if not verdict.is_good}


def test_random_runs_lose_double_and_swap_nothing():
    assert bad(explore(range(80))) == {}


def test_random_runs_with_many_restores_and_replays_lose_double_and_swap_nothing():
    assert bad(explore(range(80), faults=RESTORES)) == {}


def test_the_same_seed_is_the_same_run():
    assert play(7) == play(7)


def test_without_faults_nothing_is_parked_but_what_can_never_be_handled():
    for seed in range(10):
        world = World(seed)
        verdict = play(seed, world=world, faults={})
        hopeless = {(name, value) for (name, _, value), mood in world.moods.items() if mood == "kill" or mood > 2}
        parked = {
            (service.name, held.event.value)
            for service in world.services.values()
            for held in service.store.waiting.values()
        }
        assert verdict.is_good
        assert parked <= hopeless
