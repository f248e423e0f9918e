"""The schedule of a run: which fault strikes whom, when and for how long. The seed decides all of it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

CALM_SECONDS = 2.0
"""Before the first fault: every client has begun."""
OVERLAP, SHORT_GAP, LONG_GAP = 0.45, (0.1, 1.0), (0.5, 4.0)
"""How often a fault does not wait for the one before it to end, and the gaps in seconds."""
STOPS = (((0.5, 8.0), 5), ((11.0, 18.0), 3), ((20.0, 45.0), 1))
"""How long a stopped process stays so, with weights: below the leases, beyond them, so long that the watchdog kills."""

KILL, KILL_ALL, STOP, STOP_THEN_KILL = "kill", "kill all instances", "stop", "stop, then kill"
REDIS_RESTART, REDIS_TAIL, REDIS_EMPTY, REDIS_FLUSH = (
    "redis restarted",
    "redis restarted, tail lost",
    "redis restarted empty",
    "redis flushed",
)
RABBIT_RESTART, RABBIT_TAIL, RABBIT_EMPTY, RABBIT_FLUSH = (
    "rabbitmq restarted",
    "rabbitmq restarted, tail lost",
    "rabbitmq restarted empty",
    "rabbitmq's queues deleted",
)
RABBIT = (RABBIT_RESTART, RABBIT_TAIL, RABBIT_EMPTY, RABBIT_FLUSH)
CUT, HANG, DELAY = "network cut", "network hangs", "network delayed"
DISK = "disk full"

WEIGHTS = {
    KILL: 10, KILL_ALL: 3, STOP: 6, STOP_THEN_KILL: 2,
    REDIS_RESTART: 2, REDIS_TAIL: 2, REDIS_EMPTY: 2, REDIS_FLUSH: 2,
    RABBIT_RESTART: 2, RABBIT_TAIL: 2, RABBIT_EMPTY: 2, RABBIT_FLUSH: 2,
    CUT: 4, HANG: 4, DELAY: 3, DISK: 3,
}  # fmt: skip
SECONDS = {CUT: (0.5, 12.0), HANG: (0.5, 12.0), DELAY: (2.0, 10.0), DISK: (1.0, 8.0)}
SERVERS = ("redis", "rabbitmq", "postgres")
"""What the services stand on and reach over a network."""
WHOLE, LEADER, CHILD = "whole", "leader", "child"
"""Which of a process's family is struck: all, the one that supervisord started, one that this has started."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `at` seconds after the load has begun, lasting `seconds` (0: over at once)."""

    number: int
    at: float
    kind: str
    target: str
    seconds: float = 0.0
    part: str = ""
    delay: float = 0.0

    @property
    def ends(self) -> float:
        return self.at + self.seconds

    def __str__(self) -> str:
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        between = f" and {self.part}" if self.part in SERVERS else f" ({self.part})"
        whom = self.target + (between if self.part not in ("", WHOLE) else "")
        return f"{self.kind}: {whom}{lasting}"


@dataclass(frozen=True)
class Targets:
    """What there is to strike; a kind of fault without any target is never drawn."""

    processes: Sequence[str]
    services: Sequence[str]
    disks: Sequence[str] = ()

    def kinds(self) -> list[str]:
        """The kinds of fault that are possible here."""
        without = set() if self.disks else {DISK}
        without |= set() if "rabbitmq" in self.processes else set(RABBIT)
        return [kind for kind in WEIGHTS if kind not in without]

    def servers(self) -> list[str]:
        """To which a network leads here."""
        return [name for name in SERVERS if name in self.processes]

    def groups(self) -> list[str]:
        """The processes that run more than once, by their first one's name."""
        return [name for name in self.processes if f"{name}-2" in self.processes]


def plan(seed: int, duration: float, targets: Targets) -> list[Fault]:
    """The faults of a run, in order of time; all are over when `duration` is."""
    chance = random.Random(seed)  # noqa: S311 - the same seed must give the same schedule
    kinds, faults, at = targets.kinds(), [], CALM_SECONDS
    weights = [WEIGHTS[kind] for kind in kinds]
    while at < duration - 1:
        fault = _draw(chance, len(faults), at, chance.choices(kinds, weights)[0], targets, duration)
        faults.append(fault)
        is_overlapping = chance.random() < OVERLAP
        at = at + chance.uniform(*SHORT_GAP) if is_overlapping else fault.ends + chance.uniform(*LONG_GAP)
        at = round(at, 2)
    return faults


def _draw(chance: random.Random, number: int, at: float, kind: str, targets: Targets, duration: float) -> Fault:
    target, part, delay = _target(chance, kind, targets), "", 0.0
    seconds = min(_seconds(chance, kind), duration - at)
    if kind in (KILL, STOP, STOP_THEN_KILL):
        part = chance.choices((WHOLE, LEADER, CHILD), (3, 1, 1))[0]
    if kind in (CUT, HANG, DELAY):
        part = chance.choice(targets.servers())
    if kind == DELAY:
        delay = round(chance.uniform(0.02, 0.4), 2)
    return Fault(number, at, kind, target, round(seconds, 2), part, delay)


def _target(chance: random.Random, kind: str, targets: Targets) -> str:
    if kind in (KILL, STOP, STOP_THEN_KILL):
        return chance.choice(targets.processes)
    if kind == KILL_ALL:
        return chance.choice(targets.groups() or targets.processes)
    if kind == DISK:
        return chance.choice(targets.disks)
    if kind in SECONDS:
        return chance.choice(targets.services)
    return "rabbitmq" if kind in RABBIT else "redis"


def _seconds(chance: random.Random, kind: str) -> float:
    if kind in (STOP, STOP_THEN_KILL):
        span = chance.choices([span for span, _ in STOPS], [weight for _, weight in STOPS])[0]
        return chance.uniform(*span)
    return chance.uniform(*SECONDS[kind]) if kind in SECONDS else 0.0
