"""The consumer: handles each source's events once and in order, whatever the broker does."""

import time
from collections.abc import Iterable
from itertools import groupby

from shared import progress
from shared.bus.consuming import positions, waiting
from shared.bus.consuming.handlers import Handlers
from shared.bus.consuming.handling import Handling
from shared.bus.consuming.places import PositionMoved
from shared.bus.consuming.positions import Position
from shared.bus.consuming.replays import Replays
from shared.bus.consuming.stepping_back import step_back
from shared.bus.consuming.watch import SourceWatch
from shared.bus.decisions import following
from shared.bus.feed import FeedAnswer, FeedClient, FeedDown
from shared.bus.leases import Leases
from shared.bus.transport import Entry, Reader, Transport, TransportDown
from shared.database import Database
from shared.logs import get

BATCH = 200
HEARING_SECONDS = 0.25
FIRST_PARTITION = "partition:0"
"""The lease that shows whether anybody handles; as a rule one process holds those of all partitions."""
BUSY_SECONDS = 0.01
"""So long a replay under way waits for new events between two of its runs."""

log = get("bus")


class Consumer:
    """Call `step` again and again; one process at a time handles a partition, held by a lease."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        handlers: Handlers,
        feed: FeedClient,
        leases: Leases,
        partitions: int,
    ):
        self.database, self.transport, self.handlers, self.feed = database, transport, handlers, feed
        self.leases = leases
        self.sources = sorted(handlers.sources)
        self.handling = Handling(database, handlers)
        self.waiting = waiting.Waiting(database, handlers)
        self.replays = Replays(database, handlers, feed, self.handling, partitions)
        self.watch = {source: SourceWatch() for source in self.sources}
        self._lease_names = {f"partition:{partition}": partition for partition in range(partitions)}
        self._held: set[int] = set()
        self._renew_at = self._hear_at = 0.0
        self._reader: Reader | None = None
        self._positions: dict[tuple[str, int], Position] = {}

    def step(self, *, wait_seconds: float = 1.0) -> int:
        """Reads on, handles what is next, retries what waits, asks feeds where needed; how many events it handled."""
        if not self._hold_leases():
            time.sleep(wait_seconds)  # another process handles everything
            return 0
        is_behind = any(self._must_ask(source) for source in self.sources)
        pause = min(wait_seconds, BUSY_SECONDS) if self.replays.is_busy else wait_seconds
        handled = self._take(self._read(0.0 if is_behind else pause))
        handled += self.waiting.step(self._held)
        handled += sum(self._ask(source) for source in self.sources if self._must_ask(source))
        return handled + self.replays.step(self._held, self._positions)

    def _hold_leases(self) -> bool:
        now = time.monotonic()
        if now >= self._renew_at:
            held = {self._lease_names[name] for name in self.leases.hold(list(self._lease_names))}
            self._renew_at = now + self.leases.seconds / 3
            if held != self._held:
                self._begin(held)
        return bool(self._held)

    def _begin(self, held: set[int]) -> None:
        """A changed set of partitions starts afresh: positions from the database, first events with care."""
        self._held = held
        self._leave_reader()
        self._reload()
        self.handling.begin({(source, partition) for source in self.sources for partition in held})
        for watch in self.watch.values():
            watch.doubt()
        self.replays.begin()

    def _reload(self) -> None:
        with self.database.reading() as session:
            self._positions = positions.load(session, set(self.sources))

    def _read(self, wait_seconds: float) -> list[Entry]:
        if not self.sources:
            time.sleep(wait_seconds)
            return []
        try:
            if self._reader is None:
                self._hear_at = 0.0
                self._reader = self.transport.reader(sorted(self._held), self.sources, service=self.handlers.service)
            entries = self._reader.read(wait_seconds=wait_seconds, count=BATCH)
            self._hear_last()
            self._heed(self._reader.given_up())
            return entries
        except TransportDown as down:
            log.warning("the broker is silent", error=str(down))
            self._leave_reader()
            for watch in self.watch.values():
                watch.silence()
            time.sleep(min(wait_seconds, 0.2))
            return []

    def _hear_last(self) -> None:
        """The relays' last numbers: they are told every second, so an event need not wait for them each time."""
        if self._reader is not None and time.monotonic() >= self._hear_at:
            self._hear_at = time.monotonic() + HEARING_SECONDS
            for source, last in self._reader.last().items():
                self.watch[source].tell(last)

    def _heed(self, given_up: list[Entry]) -> None:
        """What the broker gave up is in the feed as all is; its number says whether it is still to come."""
        suspects = [entry for entry in given_up if self._is_to_come(entry)]
        for entry in suspects:
            self.handling.suspect((entry.source, entry.partition), entry.number)
            self.watch[entry.source].doubt()
        if given_up:
            log.warning("the broker gave up events", handled=len(given_up) - len(suspects), to_come=len(suspects))

    def _is_to_come(self, entry: Entry) -> bool:
        position = self._positions.get((entry.source, entry.partition))
        return position is not None and position.incarnation == entry.incarnation and position.number < entry.number

    def _leave_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    def _take(self, entries: Iterable[Entry]) -> int:
        """Handles what follows the positions without a gap; a gap has the feed asked."""
        wanted = [e for e in entries if e.source in self.watch and e.partition in self._held]
        wanted.sort(key=lambda e: (e.source, e.partition, e.number))
        handled = 0
        for (source, partition), run in groupby(wanted, key=lambda e: (e.source, e.partition)):
            position = self._positions.get((source, partition))
            next_ones, is_gap = following.follow(position, run)
            if is_gap:
                self.watch[source].doubt()
            try:
                handled += self.handling.handle(position, next_ones) if position else 0
                progress.moved()
            except PositionMoved as moved:
                log.info("another process goes on here", reason=str(moved))
                self._reload()
        return handled

    def _must_ask(self, source: str) -> bool:
        known = {p: self._positions.get((source, p)) for p in self._held}
        return self.watch[source].is_due({p: (at.incarnation, at.number) for p, at in known.items() if at})

    def _ask(self, source: str) -> int:
        """Reads what was missed from the source, which takes the question as a report."""
        known = {p: at for (s, p), at in self._positions.items() if s == source}
        incarnation, numbers = following.newest(known)
        consumer = self.handlers.service
        try:
            answer = self.feed.ask(source, consumer=consumer, incarnation=incarnation, numbers=numbers)
        except FeedDown as down:
            self.watch[source].asked(is_answered=False, is_more=False)
            log.warning("a feed is silent", error=str(down))
            return 0
        if not answer.is_known:
            self._step_back(source, list(known.values()))
            return 0
        if any(following.must_adopt(known.get(p), answer.incarnation, number) for p, number in answer.start.items()):
            self._adopt(source, known, answer)
        handled = self._take(answer.entries)
        self.watch[source].asked(is_answered=True, is_more=bool(answer.entries))
        return handled

    def _adopt(self, source: str, known: dict[int, Position], answer: FeedAnswer) -> None:
        try:
            with self.database.transaction() as session:
                positions.adopt(session, source, known, answer, is_from_now=self.handlers.start == "now")
        except PositionMoved as moved:
            log.info("another process goes on here", reason=str(moved))
        self._reload()

    def _step_back(self, source: str, known: list[Position]) -> None:
        try:
            with self.database.transaction() as session:
                step_back(session, source, known)
        except PositionMoved as moved:
            log.info("another process goes on here", reason=str(moved))
        self._reload()
        self.watch[source].asked(is_answered=True, is_more=True)
