"""Services joined by a bus within the process: what one announces, the others handle, without a server or a thread.

    with bus_of(auth.app, greeter.app) as bus:
        ...            # requests, transactions that announce
        bus.settle()   # now everything is handled, or waits for its handler's next attempt

The relays and consumers are the real ones, with their tables, leases, batches and retries; only the broker is in
memory, and the feed is read from the source's database without HTTP.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import func, select

from shared.bus import Bus
from shared.bus.consuming.consumer import Consumer
from shared.bus.consuming.waiting import due
from shared.bus.feed import LIMIT, FeedAnswer, FeedDown, Range
from shared.bus.leases import Leases, process_name
from shared.bus.source import numbering
from shared.bus.source.answering import read_feed, take_report
from shared.bus.source.ranging import read_range
from shared.bus.source.relay import Relay
from shared.bus.tables import positions, waiting
from shared.database import Database
from shared.testing.in_process import InProcessBroker
from shared.testing.waiting import eventually

ROUNDS = 1_000
"""After so many the events are taken to cause each other for ever."""


class DirectFeeds:
    """Asks the sources' databases themselves; `questions` counts, and while `is_down` no source answers."""

    def __init__(self, databases: dict[str, Database]):
        self.databases, self.questions, self.is_down = databases, 0, False

    def ask(
        self,
        source: str,
        *,
        consumer: str | None,
        incarnation: str | None,
        numbers: dict[int, int],
        limit: int = LIMIT,
    ) -> FeedAnswer:
        """As the FeedClient's, the report included."""
        with self._database(source).transaction() as session:
            answer = read_feed(session, source, incarnation, numbers, limit=limit)
            if answer is None:
                raise FeedDown(f"{source} has given no numbers yet")
            if consumer:
                take_report(session, consumer, answer, incarnation, numbers)
        return answer

    def ask_range(
        self, source: str, wanted: Range, *, incarnation: str, numbers: dict[int, int], limit: int = LIMIT
    ) -> FeedAnswer:
        """As the FeedClient's."""
        with self._database(source).reading() as session:
            return read_range(session, source, wanted, incarnation, numbers, limit=limit)

    def _database(self, source: str) -> Database:
        self.questions += 1
        if self.is_down or source not in self.databases:
            raise FeedDown(source)
        return self.databases[source]


@dataclass(frozen=True)
class Member:
    """One service on the bus."""

    bus: Bus
    relay: Relay
    consumer: Consumer


class InProcessBus:
    """The services' relays and consumers, stepped by hand; `broker` can be down or forget, `feeds` be down."""

    def __init__(self, buses: list[Bus]):
        self.broker = InProcessBroker()
        self.feeds = DirectFeeds({bus.service: bus.database for bus in buses})
        self._members = [self._join(bus) for bus in buses]

    def settle(self) -> None:
        """Returns when every event that was announced here is handled, or waits for a later time since a handler
        failed; shared.clock.told_by moves that time."""
        for _ in range(ROUNDS):
            if not self.step():
                if not self._unfinished():
                    return
                # feeds, and what waits, are looked at now and then only
                eventually(lambda: self.step() or not self._unfinished())
        raise AssertionError(f"not settled after {ROUNDS} rounds: do the events cause each other?")

    def step(self) -> int:
        """One step of each relay and consumer, in the order of the services; how many events they moved."""
        moved = 0
        for member in self._members:
            moved += member.relay.step() if member.relay.is_leading() else 0
        return moved + sum(member.consumer.step(wait_seconds=0) for member in self._members)

    def waiting(self, service: str) -> int:
        """How many events wait or are parked there, since a handler failed."""
        member = next(member for member in self._members if member.bus.service == service)
        with member.bus.database.reading() as session:
            return session.scalar(select(func.count()).select_from(waiting)) or 0

    def close(self) -> None:
        """Gives the leases back."""
        for member in self._members:
            member.relay.leases.release()

    def _join(self, bus: Bus) -> Member:
        partitions, leases = bus.settings.bus_partitions, Leases(bus.database, process_name())
        relay = Relay(bus.service, bus.database, self.broker.transport(), leases, partitions)
        consumer = Consumer(bus.database, self.broker.transport(), bus.handlers, self.feeds, leases, partitions)
        consumer.sources = [source for source in consumer.sources if source in self.feeds.databases]
        return Member(bus, relay, consumer)

    def _unfinished(self) -> bool:
        return any(self._is_unsent(one) or self._is_behind(one) or self._has_due(one) for one in self._members)

    def _is_unsent(self, member: Member) -> bool:
        with member.bus.database.reading() as session:
            return numbering.has_unnumbered(session) or numbering.has_unsent(session)

    def _has_due(self, member: Member) -> bool:
        with member.bus.database.reading() as session:
            return bool(due(session, set(range(member.bus.settings.bus_partitions))))

    def _is_behind(self, member: Member) -> bool:
        with member.bus.database.reading() as session:
            rows = session.execute(select(positions.c.source, positions.c.partition, positions.c.number))
            handled = {(source, partition): number for source, partition, number in rows}
        return any(
            handled.get((source, partition), 0) < number
            for source in member.consumer.sources
            for partition, number in self._assigned(source).items()
        )

    def _assigned(self, source: str) -> dict[int, int]:
        with self.feeds.databases[source].reading() as session:
            return numbering.assigned(session)


@contextmanager
def bus_of(*apps: Flask) -> Iterator[InProcessBus]:
    """A bus between the services of these apps, whose databases are migrated; nobody outside is poked meanwhile."""
    buses = [app.extensions["bus"] for app in apps]
    pokes = [bus.database.session_info.pop("poke", None) for bus in buses]
    bus = InProcessBus(buses)
    try:
        yield bus
    finally:
        bus.close()
        for each, poke in zip(buses, pokes, strict=True):
            each.database.session_info["poke"] = poke
