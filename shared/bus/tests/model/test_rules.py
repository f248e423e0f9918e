"""Each rule of the protocol is needed: left out, a run soon loses, doubles or swaps something, or never ends."""

import pytest

from shared.bus.tests.model.broken import COMFORT, NEEDED, Rule
from shared.bus.tests.model.exploring import explore
from shared.bus.tests.model.faults import RESTORES

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
