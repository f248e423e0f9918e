"""Events per second that one process relays, and that one process handles.

Starts a Redis-compatible server and databases of its own; needs no running system and touches none.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from bench.figures import progress, show
from shared import logs
from shared.bus import Handlers
from shared.bus.consuming.consumer import Consumer
from shared.bus.feed import FeedAnswer
from shared.bus.leases import Leases, process_name
from shared.bus.redis_streams import RedisStreams
from shared.bus.source.answering import note_report, read_feed
from shared.bus.source.outbox import PARTITIONS, announce_all
from shared.bus.source.relay import Relay
from shared.database import Database, migrator
from shared.events.data import RecordChanged
from shared.testing.servers import PostgresServer, RedisServer

SOURCE = "data"
LIMIT_SECONDS = 120
BATCH = 500

row, record = sa.Column("row", sa.Integer, primary_key=True), sa.Column("record", sa.String(40))
seen = sa.Table("seen", sa.MetaData(), row, record)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000, help="at most 50000, what the streams hold")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    choice = parser.parse_args()
    kinds = ["sqlite", "postgres"] if choice.database == "both" else [choice.database]
    table = [measure(kind, min(choice.events, 50_000)) for kind in kinds]
    heads = ["database", "events", "relayed/s", "handled/s", "announced/s (500 a commit)"]
    show("The bus, one process each", heads, table)


def measure(kind: str, events: int) -> list[object]:
    with stage(kind) as (broker, ours, theirs):
        relay = Relay(SOURCE, ours, RedisStreams(broker), Leases(ours, process_name()), PARTITIONS)
        leases = Leases(theirs, process_name())
        consumer = Consumer(theirs, RedisStreams(broker), book(), DirectFeed(ours), leases, PARTITIONS)
        until(relay.is_leading, "the relay leads")
        relay.step()
        consumer.step(wait_seconds=0.01)
        announced = timed(f"{kind}: announcing {events} events", lambda: announce_in_batches(ours, events))
        relayed = timed(f"{kind}: relaying", lambda: until(lambda: not relay.step(), "all is relayed"))
        handled = timed(f"{kind}: handling", lambda: handle(consumer, events))
        count = check_all_seen(theirs, events)
    return [kind, count, *(f"{events / seconds:.0f}" for seconds in (relayed, handled, announced))]


def announce_in_batches(database: Database, events: int) -> None:
    for first in range(0, events, BATCH):
        with database.transaction() as session:
            announce_all(session, [change(number) for number in range(first, min(first + BATCH, events))])


def change(number: int) -> RecordChanged:
    record = {"id": f"r{number}", "title": f"record {number}", "state": "AK", "latitude": 61.2}
    place = {"collection": f"c{number % 32}", "record_id": record["id"], "change": "created"}
    return RecordChanged(**place, before=None, after=record, version=1, rules_version=1, actor_id=None)


def handle(consumer: Consumer, events: int) -> None:
    handled, deadline = 0, time.monotonic() + LIMIT_SECONDS
    while handled < events and time.monotonic() < deadline:
        handled += consumer.step(wait_seconds=0.1)


def book() -> Handlers:
    """The plainest handler: one row for each event."""
    handlers = Handlers("reader")

    @handlers.on(RecordChanged)
    def note(session, event, _envelope) -> None:
        session.execute(sa.insert(seen).values(record=event.record_id))

    return handlers


def check_all_seen(database: Database, events: int) -> int:
    with database.reading() as session:
        total, distinct = session.execute(sa.select(sa.func.count(), sa.func.count(seen.c.record.distinct()))).one()
    if (total, distinct) != (events, events):
        raise SystemExit(f"{events} events were announced, {total} handled, {distinct} of them different")
    return total


def timed(what: str, act: Callable[[], object]) -> float:
    progress(what)
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {LIMIT_SECONDS} s: {what}")


@contextmanager
def stage(kind: str) -> Iterator[tuple[str, Database, Database]]:
    """A broker's URL, the source's database, the reader's; gone afterwards, what is logged too."""
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        logs.configure("reader", role="bus", stream=nowhere)
        with redis(Path(folder)) as url, databases(kind, folder) as (ours, theirs):
            yield url, ours, theirs


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    server = RedisServer(folder).start()
    try:
        yield server.url
    finally:
        server.stop()


@contextmanager
def databases(kind: str, folder: str) -> Iterator[tuple[Database, Database]]:
    """The source's and the reader's database, migrated."""
    server = PostgresServer().start() if kind == "postgres" else None
    try:
        urls = [server.new_database() if server else f"sqlite:///{folder}/{name}.db" for name in ("source", "reader")]
        ours, theirs = (Database().connect(url) for url in urls)
        migrator.upgrade(ours)
        migrator.upgrade(theirs)
        seen.metadata.create_all(theirs.engine)
        yield ours, theirs
        ours.dispose()
        theirs.dispose()
    finally:
        if server:
            server.stop()


class DirectFeed:
    """Reads the source's feed without HTTP."""

    def __init__(self, database: Database):
        self.database = database

    def ask(self, source: str, *, consumer: str, incarnation: str, numbers: dict, limit: int = 500) -> FeedAnswer:
        with self.database.transaction() as session:
            answer = read_feed(session, source, incarnation, numbers, limit=limit)
            note_report(session, consumer, answer, numbers if answer.incarnation == incarnation else {})
        return answer


if __name__ == "__main__":
    main()
