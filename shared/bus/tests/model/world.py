"""The model's world: services with their databases and processes, one broker, time, and what can go wrong."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from shared.bus.tests.model.broker import Broker
from shared.bus.tests.model.consumer import Consumer
from shared.bus.tests.model.handling import Failed
from shared.bus.tests.model.source import Relay
from shared.bus.tests.model.store import Happening, Replay, Store

PARTITIONS = 2
STEP_SECONDS = 0.02
SOURCES = "ab"
HANDLERS = {"a": {}, "b": {"a": ["copy"]}, "c": {"a": ["note", "count"], "b": ["note"]}, "d": {"b": ["watch"]}}
"""By service, by source: the handlers. b's announces an event of its own for each that it handles."""
FROM_NOW = "d"
"""Begins with what comes next, the others at what a source still has."""


class Killed(Exception):
    """The process ends, and with it all that it had not committed."""


@dataclass
class Service:
    """One service: its database, its transactions under way, its processes."""

    name: str
    handlers: dict[str, list[str]]
    store: Store
    is_off: bool = False
    unreported: set[str] = field(default_factory=set)
    """The sources that have not heard from it since its database was put back, or theirs."""
    open: list[tuple[int, Happening]] = field(default_factory=list)
    backups: list[Store] = field(default_factory=list)

    @property
    def sources(self) -> list[str]:
        return list(self.handlers)

    @property
    def is_from_now(self) -> bool:
        return self.name in FROM_NOW


@dataclass
class Process:
    """A relay or a consumer; killed ones are started again with an empty memory."""

    kind: type[Relay] | type[Consumer]
    service: Service
    actor: Relay | Consumer | None = None
    steps: Iterator[None] | None = None
    sleeps: int = 0

    def lose_connection(self) -> None:
        """What is under way fails; what it remembers stays."""
        if self.steps is not None:
            self.steps = self.actor.run()


class World:
    """Everything; the seed decides what happens."""

    left_out: frozenset[str] = frozenset()
    """Rules about the order of steps that are not kept, by name."""

    def __init__(self, seed: int):
        self.random = Random(seed)
        self.now, self._count = 0.0, 0
        self.broker = Broker(PARTITIONS)
        self.services = {name: Service(name, handlers, Store(PARTITIONS)) for name, handlers in HANDLERS.items()}
        kinds = [(kind, service) for service in self.services.values() for kind in (Relay, Consumer)]
        self.processes = [Process(kind, service) for kind, service in kinds for _ in range(2)
                          if (service.name in SOURCES if kind is Relay else service.sources)]  # fmt: skip
        self.moods: dict[tuple[str, str, int], int | str] = {}
        """What handlers do to an event: fail so many times, or end the process, always."""
        self.excused: dict[str, set[int]] = defaultdict(set)
        """By consumer: the events that were gone before it could ask for them, for a reason that the model states."""
        self.gone: set[int] = set()
        """Events that were pruned, though a backup may have brought them back: a replay in between has not had them."""
        self.capped: set[int] = set()
        """Events that went for the outbox's size, perhaps before the window was over."""
        self.repeatable: set[int] = set()
        """Events that may be handled twice: see `note_put_back`."""
        self.void: set[int] = set()
        """Events of sources that were put back to before them."""

    def new_name(self) -> str:
        """A name that sorts after all that were given before."""
        self._count += 1
        return f"{self._count:06}"

    def write(self, name: str, key: str) -> None:
        """Opens a transaction that announces an event: its sequence is drawn under the lock of its key."""
        service = self.services[name]
        is_locked = any(event.key == key for _, event in service.open)
        if service.is_off or (is_locked and "flush first" not in self.left_out):
            return
        service.open.append((service.store.draw(), self._happen(name, key)))

    def commit(self, name: str, which: int) -> None:
        """Transactions commit in any order."""
        service = self.services[name]
        if service.open:
            service.store.announce(*service.open.pop(which % len(service.open)), self.now)

    def roll_back(self, name: str, which: int) -> None:
        service = self.services[name]
        if service.open:
            service.open.pop(which % len(service.open))

    def _happen(self, source: str, key: str) -> Happening:
        self._count += 1
        event = Happening(source, key, self._count)
        for service in self.services.values():
            for handler in service.handlers.get(source, ()):
                if self.random.random() < 0.06:
                    self.moods[service.name, handler, event.value] = self.random.choice([1, 1, 1, 2, 99, "kill"])
        return event

    def run_handler(self, service: Service, handler: str, event: Happening) -> None:
        """Does nothing that would outlast a rollback; may raise Failed or Killed."""
        mood = self.moods.get((service.name, handler, event.value), 0)
        if mood == "kill":
            raise Killed
        if mood:
            self.moods[service.name, handler, event.value] = mood - 1
            raise Failed

    def take_effect(self, service: Service, handler: str, event: Happening, replay: int | None) -> None:
        """What a handler does and announces, in the transaction that says that it was handled."""
        service.store.effects.append((handler, event, replay))
        if handler == "copy":
            service.store.announce(service.store.draw(), self._happen(service.name, f"of {event.key}"), self.now)

    def begin_replay(self, name: str, source: str, since: float, handler: str | None) -> None:
        """Has a service handle again what it has handled, of what was written since."""
        self._count += 1
        self.services[name].store.replays[self._count] = Replay(self._count, source, since, self.now, handler)

    def step(self) -> None:
        """Any process does its next bit."""
        self.now += STEP_SECONDS
        process = self.random.choice(self.processes)
        if process.sleeps:
            process.sleeps -= 1
        elif not process.service.is_off:
            self.advance(process)

    def advance(self, process: Process) -> None:
        if process.steps is None:
            process.actor = process.kind(self, process.service, self.new_name())
            process.steps = process.actor.run()
        try:
            next(process.steps)
        except Killed:
            process.steps = None

    def note_start(self, consumer: Service, source: str, partition: int, number: int) -> None:
        """A consumer that has never stood anywhere is not owed what was before its start."""
        rows = self.services[source].store.outbox.values()
        before = {r.event.value for r in rows if r.partition == partition and r.number and r.number <= number}
        self.excused[consumer.name] |= before

    def note_doubtful(self, source: Service, base: dict[int, int]) -> None:
        """Rather twice than never."""
        rows = source.store.outbox.values()
        self.repeatable |= {row.event.value for row in rows if row.number and row.number > base[row.partition]}

    def note_put_back(self, source: Service, store: Store) -> None:
        """By nature what waited for its number when the backup was made may be handled twice, since nobody knows any
        more which number it got; and so may what one backup made void and another brings back."""
        there = {event.value for event in store.log}
        self.repeatable |= {row.event.value for row in store.outbox.values() if row.number is None}
        self.repeatable |= self.void & there
        self.void |= {event.value for event in source.store.log} - there

    def note_report(self, source: Service, consumer: str, numbers: dict[int, int]) -> None:
        """The source knows where a consumer stands, or what a process remembers from before a restore."""
        asker = self.services[consumer]
        at = {p: position.number for (name, p), position in asker.store.positions.items() if name == source.name}
        if all(number <= at.get(partition, 0) for partition, number in numbers.items()):
            asker.unreported.discard(source.name)
        else:
            asker.unreported.add(source.name)

    def note_gone(self, source: Service, events: list[Happening], *, is_capped: bool) -> None:
        """By nature nothing is kept for a consumer of which the source knows nothing, or nothing new."""
        self.gone |= {event.value for event in events}
        self.capped |= {event.value for event in events if is_capped}
        registered = {consumer for consumer, _ in source.store.reports}
        for other in self.services.values():
            is_known = other.name in registered and source.name not in other.unreported
            if source.name in other.handlers and not is_known:
                self.excused[other.name] |= {event.value for event in events}
