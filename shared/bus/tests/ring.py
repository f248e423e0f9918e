"""Three services in a ring, each handling the events of the one before it and telling of it, under load on threads."""

import itertools
import threading
import time

import sqlalchemy as sa
from pydantic import create_model

from shared.bus import Handlers, announce
from shared.bus.consuming.consumer import Consumer
from shared.bus.feed import FeedDown
from shared.bus.leases import Leases, process_name
from shared.bus.source import numbering
from shared.bus.source.answering import read_feed, take_report
from shared.bus.source.relay import Relay
from shared.bus.tables import outbox, outbox_numbers, positions
from shared.bus.transports import transport_for
from shared.database import Database, migrator
from shared.database.errors import is_passing
from shared.events import Envelope, Event
from shared.testing.backups import backup_of

effects = sa.Table("effects", sa.MetaData(), sa.Column("row", sa.Integer, primary_key=True),
                   sa.Column("event", sa.String(40)), sa.Column("key", sa.String(40)))  # fmt: skip


class RingEvent(Event):
    """Something was done about an account; told on for so many `hops`."""

    account: str
    hops: int

    @property
    def subject(self) -> str:
        return f"accounts/{self.account}"


NAMES = ("alder", "birch", "cedar")
TOLD = {name: create_model("Told", __base__=RingEvent, __module__=f"ring.{name}") for name in NAMES}
BEFORE = {"alder": "cedar", "birch": "alder", "cedar": "birch"}


class Member:
    """One service of the ring: relay, consumer and a client that writes, each on a thread until `stop`."""

    def __init__(self, name: str, url: str, redis_url: str, ring: "Ring"):
        self.name, self.redis_url, self.ring = name, redis_url, ring
        self.database = Database().connect(url)
        migrator.upgrade(self.database)
        effects.metadata.create_all(self.database.engine)
        self.backup = backup_of(url)
        self.is_down, self.is_writing, self._writing = False, True, threading.Lock()
        self.answering = threading.Lock()
        self.handlers = Handlers(name)
        self.handlers.on(TOLD[BEFORE[name]])(self.handle)

    def handle(self, session, event: RingEvent, envelope: Envelope) -> None:
        session.execute(sa.insert(effects).values(event=envelope.id, key=envelope.key))
        if event.hops:
            announce(session, TOLD[self.name](account=event.account, hops=event.hops - 1))

    def start(self) -> None:
        self._stop = threading.Event()
        leases = Leases(self.database, process_name(), 0.5)
        relay = Relay(self.name, self.database, transport_for(self.redis_url), leases, 8)
        consumer = Consumer(self.database, transport_for(self.redis_url), self.handlers, self.ring, leases, 8)
        steps = (lambda: relay.is_leading() and relay.step()), (lambda: consumer.step(wait_seconds=0.05)), self._write
        self.threads = [threading.Thread(target=self._turn, args=(step,), daemon=True) for step in steps]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()

    def _turn(self, step) -> None:
        while not self._stop.is_set():
            try:
                busy = step()
            except Exception as error:
                if not is_passing(error):
                    raise
                busy = False
            if not busy:
                time.sleep(0.02)

    def leave_off(self) -> None:
        """Has its client write no more; what it had begun is committed."""
        with self._writing:
            self.is_writing = False

    def _write(self) -> None:
        with self._writing:
            if not self.is_writing:
                return
            with self.database.transaction() as session:
                announce(session, TOLD[self.name](account=f"account-{next(self.ring.serial) % 5}", hops=2))

    def column(self, column, *where) -> list:
        with self.database.reading() as session:
            return list(session.scalars(sa.select(column).where(*where)))

    def events(self) -> list[tuple[str, str]]:
        """(id, key) of every event that its database holds, in the order in which it told them."""
        with self.database.reading() as session:
            rows = session.execute(sa.select(outbox.c.event_id, outbox.c.envelope).order_by(outbox.c.number)).all()
        return [(event_id, Envelope.from_json(envelope).key) for event_id, envelope in rows]

    def handled(self) -> list[tuple[str, str]]:
        """(event's id, key) of its effects, in the order in which they came."""
        wanted = sa.select(effects.c.event, effects.c.key).order_by(effects.c.row)
        with self.database.reading() as session:
            return [tuple(row) for row in session.execute(wanted)]


class Ring:
    """The members, and the feed between them."""

    def __init__(self, urls: list[str], redis_url: str):
        self.serial = itertools.count()
        self.members = {name: Member(name, url, redis_url, self) for name, url in zip(NAMES, urls, strict=True)}

    def ask(self, source, *, consumer, incarnation, numbers, limit=500):
        member = self.members[source]
        with member.answering:
            if member.is_down:
                raise FeedDown(source)
            try:
                with member.database.transaction() as session:
                    answer = read_feed(session, source, incarnation, numbers, limit=limit)
                    if answer is None:
                        raise FeedDown("no numbers yet")
                    take_report(session, consumer, answer, incarnation, numbers)
            except sa.exc.SQLAlchemyError as error:
                raise FeedDown(source) from error
            return answer

    def is_quiet(self) -> bool:
        """Whether every event is numbered and handled by the next, and none was told while that was looked at."""
        before = self._told()
        return all(self._is_up_to_date(name) for name in NAMES) and self._told() == before

    def _told(self) -> list[int]:
        return [max(member.column(outbox.c.seq), default=0) for member in self.members.values()]

    def _is_up_to_date(self, name: str) -> bool:
        source = self.members[BEFORE[name]].database
        with source.reading() as session:
            given, incarnation = numbering.assigned(session), numbering.current_incarnation(session)
            if numbering.has_unnumbered(session):
                return False
        with self.members[name].database.reading() as session:
            rows = session.execute(sa.select(positions.c.partition, positions.c.incarnation, positions.c.number)).all()
        return {(p, incarnation, n) for p, n in given.items()} == {tuple(row) for row in rows}

    def close(self) -> None:
        for member in self.members.values():
            if not member._stop.is_set():
                member.stop()
            member.database.dispose()
            if hasattr(member.backup, "drop"):
                member.backup.drop()


def last_numbers(member: Member) -> int:
    """How many numbers it has given."""
    return sum(member.column(outbox_numbers.c.assigned))
