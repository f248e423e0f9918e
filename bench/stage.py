"""A stage for the bus alone: a Valkey and databases of its own on one core, the measured process on the other."""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bench.cores import MEASURED, SERVERS, cpu_seconds, servers_core
from bench.figures import progress
from shared import logs
from shared.bus import Handlers
from shared.bus.consuming.consumer import Consumer
from shared.bus.feed import FeedAnswer, FeedDown
from shared.bus.leases import Leases, process_name
from shared.bus.redis_streams import RedisStreams
from shared.bus.source.answering import note_report, read_feed
from shared.bus.source.outbox import PARTITIONS, announce_all
from shared.bus.source.relay import Relay
from shared.database import Database, migrator
from shared.events.data import RecordChanged
from shared.testing.servers import PostgresServer, RedisServer

SOURCE, READER = "data", "reader"
KEYS = 32
LIMIT_SECONDS = 280
WHERE = f"measured process on core {MEASURED}; Valkey (AOF, every second) and PostgreSQL (fsync) on core {SERVERS}"

metadata = sa.MetaData()


def _table(name: str) -> sa.Table:
    columns = sa.Column("key", sa.Integer, nullable=False), sa.Column("mark", sa.Integer, nullable=False)
    row, at = sa.Column("row", sa.Integer, primary_key=True), sa.Column("at", sa.Float(53))
    return sa.Table(name, metadata, row, *columns, at)


seen, bare_seen = _table("seen"), _table("bare_seen")
"""What the plainest handler leaves behind: a row for each event; `at` is when its handler began, where asked for."""


@dataclass(frozen=True)
class Stage:
    """A broker and two databases, the source's and the reader's; all of it gone afterwards."""

    kind: str
    broker: str
    ours: Database
    theirs: Database

    def relay(self) -> Relay:
        """A relay that leads."""
        relay = Relay(SOURCE, self.ours, RedisStreams(self.broker), Leases(self.ours, process_name()), PARTITIONS)
        until(relay.is_leading, "the relay leads")
        return relay

    def consumer(self, handlers: Handlers | None = None) -> Consumer:
        """A consumer whose feed is the source's database, without HTTP."""
        leases, feed = Leases(self.theirs, process_name()), DirectFeed(self.ours)
        return Consumer(self.theirs, RedisStreams(self.broker), handlers or book(), feed, leases, PARTITIONS)


@contextmanager
def stage(kind: str) -> Iterator[Stage]:
    """Servers and databases of that kind, `sqlite` or `postgres`."""
    with ExitStack() as leaving:
        folder = leaving.enter_context(tempfile.TemporaryDirectory())
        nowhere = leaving.enter_context(Path(os.devnull).open("w"))
        logs.configure(READER, role="bus", stream=nowhere)  # written and formatted as ever, then dropped
        with servers_core():
            redis = RedisServer(Path(folder)).start()
            leaving.callback(redis.stop)
            server = PostgresServer(is_durable=True).start() if kind == "postgres" else None
            if server:
                leaving.callback(server.stop)
        urls = [server.new_database() if server else f"sqlite:///{folder}/{name}.db" for name in (SOURCE, READER)]
        ours, theirs = (_database(url) for url in urls)
        leaving.callback(ours.dispose)
        leaving.callback(theirs.dispose)
        yield Stage(kind, redis.url, ours, theirs)


def _database(url: str) -> Database:
    database = Database().connect(url)
    migrator.upgrade(database)
    metadata.create_all(database.engine)
    return database


def url_of(database: Database) -> str:
    """The URL to connect to it from another process."""
    url = database.engine.url
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)


def options(description: str | None, *, events: int, at_most: int, rounds: int = 3) -> argparse.ArgumentParser:
    """The options that the programs on a stage of their own have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--events", type=lambda text: min(int(text), at_most), default=events, help=f"up to {at_most}")
    parser.add_argument("--rounds", type=int, default=rounds, help="how often, one after the other in turn")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    return parser


def kinds(choice: argparse.Namespace) -> list[str]:
    """The databases asked for."""
    return ["sqlite", "postgres"] if choice.database == "both" else [choice.database]


def change(mark: int) -> RecordChanged:
    """The event with that mark; its order key is one of the collections' records, `mark % KEYS`."""
    record = {"id": f"r{mark % KEYS}", "title": f"record {mark}", "state": "AK", "latitude": 61.2}
    place = {"collection": f"c{mark % KEYS}", "record_id": record["id"], "change": "created"}
    return RecordChanged(**place, before=None, after=record, version=mark, rules_version=1, actor_id=None)


def announce(database: Database, first: int, count: int, *, batch: int = 500) -> None:
    """Announces the events from `first` on, as services do, `batch` of them a commit."""
    for start in range(first, first + count, batch):
        with database.transaction() as session:
            announce_all(session, [change(mark) for mark in range(start, min(start + batch, first + count))])


def book() -> Handlers:
    """The plainest handler: one row for each event."""
    handlers = Handlers(READER)

    @handlers.on(RecordChanged)
    def note(session, event, _envelope) -> None:
        session.execute(sa.insert(seen).values(key=key_of(event.record_id), mark=event.version))

    return handlers


def batch_book() -> Handlers:
    """The same as a batch handler: one INSERT for all that came in one run."""
    handlers = Handlers(READER)

    @handlers.on(RecordChanged, batch=True)
    def note(session, batch) -> None:
        rows = [{"key": key_of(event.record_id), "mark": event.version} for event, _envelope in batch]
        session.execute(sa.insert(seen), rows)

    return handlers


def key_of(record_id: str) -> int:
    """The number in the record's id."""
    return int(record_id[1:])


def check_seen(database: Database, marks: int, first: int = 0) -> None:
    """Ends with status 1 unless the reader has every mark from `first` on, once, and in order within each key."""
    before = sa.func.lag(seen.c.mark).over(partition_by=seen.c.key, order_by=seen.c.row)
    rows = sa.select(seen.c.mark, sa.case((before >= seen.c.mark, 1), else_=0).label("is_late")).subquery()
    mark, late = rows.c.mark, sa.func.coalesce(sa.func.sum(rows.c.is_late), 0)
    asked = sa.select(sa.func.count(), sa.func.count(mark.distinct()), sa.func.min(mark), sa.func.max(mark), late)
    with database.reading() as session:
        found = tuple(session.execute(asked).one())
    if found != (marks, marks, first, first + marks - 1, 0):
        raise SystemExit(f"{marks} events were announced; handled, different, first, last, out of order: {found}")


@dataclass(frozen=True)
class Rate:
    """How many in a second, and how much CPU the measured process took for one."""

    per_second: float
    cpu_us: float


def timed(act: Callable[[], object], count: int, *, pid: int = 0) -> Rate:
    """The rate at which it does `count`; `pid` where another process than this one is measured."""
    pid = pid or os.getpid()
    began, cpu = time.perf_counter(), cpu_seconds(pid)
    act()
    seconds = time.perf_counter() - began
    return Rate(count / seconds, (cpu_seconds(pid) - cpu) / count * 1e6)


def until(holds: Callable[[], object], what: str, *, seconds: float = LIMIT_SECONDS) -> None:
    """Calls it until it holds; ends with status 1 when it does not within the time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds:g} s: {what}")


def say(kind: str, turn: int, what: str) -> None:
    """Progress of a round."""
    progress(f"{kind}, round {turn + 1}: {what}")


class DirectFeed:
    """Reads the source's feed without HTTP."""

    def __init__(self, database: Database):
        self.database = database

    def ask(self, source: str, *, consumer, incarnation, numbers: dict, limit: int = 500) -> FeedAnswer:
        with self.database.transaction() as session:
            answer = read_feed(session, source, incarnation, numbers, limit=limit)
            if answer is None:
                raise FeedDown("no numbers yet")
            note_report(session, consumer, answer, numbers if answer.incarnation == incarnation else {})
        return answer
