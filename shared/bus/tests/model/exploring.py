"""Random exploration by seed: the same seed, the same run."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from random import Random
from unittest.mock import patch

from shared.bus.decisions import queueing
from shared.bus.tests.model.checking import Verdict, judge, settle
from shared.bus.tests.model.faults import FAULTS
from shared.bus.tests.model.world import World

KEYS = "klmn"
STEPS = 1_500
FAULT_RATE = 0.03


@contextmanager
def impatience() -> Iterator[None]:
    """Events are parked sooner, so that a run is short."""
    with patch.multiple(queueing, MAX_ATTEMPTS=3, MAX_STARTS=2):
        yield


@impatience()
def play(seed: int, *, world: World | None = None, faults: dict = FAULTS, steps: int = STEPS) -> Verdict:
    """One run: writers and faults for a while, then everything settles and is judged."""
    world, random = world or World(seed), Random(f"faults {seed}")
    kinds, weights = list(faults), list(faults.values())
    for _ in range(steps):
        if random.random() < 0.06:
            world.write(random.choice("aab"), random.choice(KEYS))
        if random.random() < 0.1:
            world.commit(random.choice("aab"), random.randrange(10))
        if random.random() < 0.003:
            world.roll_back("a", 0)
        world.step()
        if faults and random.random() < FAULT_RATE:
            random.choices(kinds, weights)[0](world, random)
    settle(world)
    return judge(world)


def explore(seeds: Iterable[int], **choices) -> Iterator[tuple[int, Verdict]]:
    """The verdict of each seed's run."""
    for seed in seeds:
        yield seed, play(seed, **choices)
