"""One service's database: what a commit leaves behind. A backup is a copy of it."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.bus.decisions import answers, following, numbers, replaying

ALL = 10**9


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as handlers see it; its value is its own in the whole world."""

    source: str
    key: str
    value: int


@dataclass(slots=True)
class Row:
    """A row of the outbox."""

    seq: int
    partition: int
    event: Happening
    at: float
    number: int | None = None
    is_sent: bool = False


@dataclass(slots=True)
class Held:
    """A row of `waiting`: an event that waits for one handler, or is parked."""

    id: int
    handler: str
    event: Happening
    partition: int
    attempts: int
    run_at: float
    replay: int | None
    state: str = "waiting"


@dataclass(slots=True)
class Position:
    """A row of `positions`, also as a process remembers it."""

    source: str
    partition: int
    incarnation: str
    number: int
    attempts: int = 0

    replay = None

    @property
    def key(self) -> tuple[str, int]:
        return self.source, self.partition

    def is_free(self, store: "Store") -> bool:
        """Whether the row is where this process left it."""
        return following.may_move(_place(store.positions.get(self.key)), (self.incarnation, self.number))

    def put(self, store: "Store") -> None:
        store.positions[self.key] = replace(self)

    def handlers(self, handlers: list[str]) -> list[str]:
        return handlers


@dataclass(slots=True)
class Cursor:
    """A row of `replay_cursors`, also as a process remembers it."""

    replay: int
    handler: str | None
    partition: int
    incarnation: str
    number: int
    last: int
    attempts: int = 0

    @property
    def key(self) -> tuple[int, int]:
        return self.replay, self.partition

    @property
    def is_over(self) -> bool:
        return replaying.is_over(self.number, self.last)

    def is_free(self, store: "Store") -> bool:
        """Whether the row is where this process left it."""
        return replaying.may_move(_place(store.cursors.get(self.key)), (self.incarnation, self.number))

    def put(self, store: "Store") -> None:
        store.cursors[self.key] = replace(self)

    def handlers(self, handlers: list[str]) -> list[str]:
        return [handler for handler in handlers if self.handler in (None, handler)]


@dataclass(slots=True)
class Replay:
    """A row of `replays`."""

    id: int
    source: str
    since: float
    until: float
    handler: str | None
    state: str = "running"


def _place(row: Position | Cursor | None) -> tuple[str, int] | None:
    return (row.incarnation, row.number) if row else None


@dataclass
class Store:
    """Source's side, consumer's side and leases, as in `shared.bus.tables`; and the handlers' effects."""

    partitions: int
    seq: int = 0
    outbox: dict[int, Row] = field(default_factory=dict)
    log: list[Happening] = field(default_factory=list)
    """What was ever committed here, in the order of the commits: the truth, which no process reads."""
    times: dict[Happening, float] = field(default_factory=dict)
    assigned: dict[int, int] = field(default_factory=dict)
    history: list[tuple[int, str, int, int]] = field(default_factory=list)
    reports: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    leases: dict[str, tuple[str, int, float]] = field(default_factory=dict)
    positions: dict[tuple[str, int], Position] = field(default_factory=dict)
    lineage: dict[str, list[tuple[str, dict[int, int]]]] = field(default_factory=dict)
    waiting: dict[int, Held] = field(default_factory=dict)
    replays: dict[int, Replay] = field(default_factory=dict)
    cursors: dict[tuple[int, int], Cursor] = field(default_factory=dict)
    next_id: int = 1
    effects: list[tuple[str, Happening, int | None]] = field(default_factory=list)
    """What each handler did, in order: for the first time, or for a replay."""

    def copy(self) -> "Store":
        return pickle.loads(pickle.dumps(self, -1))

    @property
    def incarnation(self) -> str | None:
        return self.history[-1][1] if self.history else None

    def begin_incarnation(self, name: str, base: Mapping[int, int]) -> None:
        ordinal = self.history[-1][0] + 1 if self.history else 1
        self.history += [(ordinal, name, partition, number) for partition, number in numbers.bases(base).items()]

    def began(self, incarnation: str) -> dict[int, int]:
        return {partition: base for _, name, partition, base in self.history if name == incarnation}

    def bases_since(self, incarnation: str) -> dict[int, int] | None:
        return answers.bases_since(self.history, incarnation)

    def is_contradicted(self) -> bool:
        """Whether somebody has reported numbers of the newest incarnation that were never given."""
        known = [(p, n) for (_, p), (incarnation, n) in self.reports.items() if incarnation == self.incarnation]
        return numbers.was_restored(self.assigned, known)

    def announce(self, seq: int, event: Happening, now: float) -> None:
        """A committed outbox row."""
        self.outbox[seq] = Row(seq, partition_of(event.key, self.partitions), event, now)
        self.log.append(event)
        self.times[event] = now

    def draw(self) -> int:
        self.seq += 1
        return self.seq

    def oldest(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for row in self.outbox.values():
            if row.number:
                found[row.partition] = min(row.number, found.get(row.partition, row.number))
        return found

    def rows(self, partition: int, after: int, to: int = ALL, since: float = 0.0, until: float = ALL) -> list[Row]:
        """Numbered rows of a range, in order."""
        found = [
            row
            for row in self.outbox.values()
            if row.partition == partition and row.number and after < row.number <= to and since <= row.at <= until
        ]
        return sorted(found, key=lambda row: row.number)

    def put_off(self, handler: str, event: Happening, place: Position | Cursor, attempts: int, run_at: float) -> Held:
        held = Held(self.next_id, handler, event, place.partition, attempts, run_at, place.replay)
        self.waiting[held.id] = held
        self.next_id += 1
        return held

    def queues(self) -> set[tuple[str, str]]:
        """For which handlers and keys events wait."""
        return {(held.handler, held.event.key) for held in self.waiting.values() if held.state == "waiting"}


def partition_of(key: str, partitions: int) -> int:
    """Any fixed function will do."""
    return ord(key[-1]) % partitions
