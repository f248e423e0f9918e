"""A consumer that was down while a million events were announced: is catching up linear, is its memory bounded?

All come over the source's feed, GET /internal/events of an api process under Gunicorn with a service token; the broker
holds nothing of them. To have a million soon, their rows are inserted directly, numbered and sent, as `announce` and
the relay would leave them. Measured per slice: the rate, the memory of the consumer's process and of the api. In the
end the source's outbox is pruned of it all, measured the same way. Needs no running system.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from bench.cores import MEASURED, SERVERS
from bench.feed_app import ASKER, resident, served
from bench.figures import progress, show
from bench.roles import process
from bench.stage import (
    LIMIT_SECONDS,
    Stage,
    announce,
    batch_book,
    book,
    change,
    check_seen,
    kinds,
    options,
    stage,
    until,
    url_of,
)
from shared import clock
from shared.bus import Handlers
from shared.bus.consuming.consumer import Consumer
from shared.bus.feed import FeedClient
from shared.bus.leases import Leases, process_name
from shared.bus.redis_streams import RedisStreams
from shared.bus.source.keeping import Limits, prune
from shared.bus.source.outbox import PARTITIONS, partition_of
from shared.bus.tables import consumers, outbox, outbox_numbers
from shared.database import Database
from shared.events import Envelope
from shared.ids import new_id

WARM = 1_000
INSERTED_AT_ONCE = 20_000


def main() -> None:
    parser = options(__doc__, events=1_000_000, at_most=2_000_000, rounds=1)
    parser.add_argument("--one-by-one", action="store_true", help="a plain handler instead of a batch handler")
    parser.add_argument("--slices", type=int, default=10)
    choice = parser.parse_args()
    where = f"consumer on core {MEASURED}; the source's api, Valkey and PostgreSQL on core {SERVERS}"
    for kind in kinds(choice):
        with stage(kind) as on:
            rows = measure(on, choice.events, choice.slices, book if choice.one_by_one else batch_book)
        heads = ["events", "handled/s", "consumer MB", "api MB", "pruned/s"]
        show(f"Catching up on {choice.events} events, {kind}; {where}", heads, rows)


def measure(on: Stage, events: int, slices: int, handlers: Callable[[], Handlers]) -> list[list[object]]:
    with served(on.ours, on.broker) as (feed, api):
        meet(on, feed, handlers())
        progress(f"{on.kind}: inserting {events} events")
        with process(SERVERS, insert, url_of(on.ours), events) as inserting:  # its memory is not the consumer's
            inserting.join()
        progress(f"{on.kind}: catching up")
        consumer = consumer_of(on, feed, handlers())
        taken = list(catch_up(consumer, events, slices, api))
        until(lambda: consumer.step() or reported(on) == WARM + events, "the source knows", seconds=60)
    check_seen(on.theirs, WARM + events)
    progress(f"{on.kind}: pruning")
    pruned = prune_all(on, events + WARM, slices)
    return [[*row, f"{rate:.0f}"] for row, rate in zip(taken, pruned, strict=True)]


def consumer_of(on: Stage, feed: FeedClient, handlers: Handlers) -> Consumer:
    leases = Leases(on.theirs, process_name())
    return Consumer(on.theirs, RedisStreams(on.broker), handlers, feed, leases, PARTITIONS)


def meet(on: Stage, feed: FeedClient, handlers: Handlers) -> None:
    """The consumer handles some events and goes down."""
    relay, consumer = on.relay(), consumer_of(on, feed, handlers)
    announce(on.ours, 0, WARM)
    until(lambda: not relay.step(), "all is relayed")
    handle(consumer, WARM)
    consumer.leases.release()
    relay.leases.release()


def handle(consumer: Consumer, count: int) -> None:
    left = count
    deadline = time.monotonic() + LIMIT_SECONDS
    while left > 0:
        left -= consumer.step()
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {LIMIT_SECONDS} s: {count} events are handled")


def catch_up(consumer: Consumer, events: int, slices: int, api: int) -> Iterator[list[object]]:
    done = 0
    for number in range(1, slices + 1):
        size = events * number // slices - done
        began, highest, handled = time.perf_counter(), 0.0, 0
        while handled < size:
            handled += consumer.step()
            highest = max(highest, resident(os.getpid()))
            if time.perf_counter() - began > LIMIT_SECONDS:
                raise SystemExit(f"slice {number}: {handled} of {size} events within {LIMIT_SECONDS} s")
        done += handled
        rate = handled / (time.perf_counter() - began)
        yield [f"{done:,}", f"{rate:.0f}", f"{highest:.0f}", f"{resident(api, with_children=True):.0f}"]


def reported(on: Stage) -> int:
    with on.ours.reading() as session:
        return session.scalar(sa.select(sa.func.sum(consumers.c.number)).where(consumers.c.consumer == ASKER))


def insert(url: str, events: int) -> None:
    """Rows as `announce` and the relay leave them, the envelope's JSON made from one that was made properly."""
    database = Database().connect(url)
    with database.reading() as session:
        counters = dict(session.execute(sa.select(outbox_numbers.c.partition, outbox_numbers.c.assigned)).all())
        pattern = Envelope.from_json(session.scalar(sa.select(outbox.c.envelope).limit(1)))
    for first in range(WARM, WARM + events, INSERTED_AT_ONCE):
        marks = range(first, min(first + INSERTED_AT_ONCE, WARM + events))
        with database.transaction() as session:
            session.execute(sa.insert(outbox), [row_of(mark, pattern, counters) for mark in marks])
            for partition, number in counters.items():
                told = sa.update(outbox_numbers).where(outbox_numbers.c.partition == partition)
                session.execute(told.values(assigned=number))


def row_of(mark: int, pattern: Envelope, counters: dict[int, int]) -> dict:
    event, id_ = change(mark), new_id()
    partition = partition_of(event.partition_key, PARTITIONS)
    counters[partition] += 1
    more = {"id": id_, "subject": event.subject, "key": event.order_key, "partition_key": event.partition_key}
    more["data"] = event.model_dump(mode="json")
    return {
        "event_id": id_,
        "type": event.type,
        "trace_id": "0" * 31 + "1",
        "partition": partition,
        "number": counters[partition],
        "envelope": replace(pattern, **more).to_json(),
        "created_at": clock.now(),
        "is_sent": True,
    }


def prune_all(on: Stage, events: int, slices: int) -> list[float]:
    """Prunes as the bus role does, again and again; rows per second in each slice of the work."""
    rates, gone = [], 0
    for number in range(1, slices + 1):
        before = gone

        def step(until_gone: int = events * number // slices) -> bool:
            nonlocal gone
            with on.ours.transaction() as session:
                pruned = prune(session, Limits(window=timedelta(0)))
            gone += pruned
            return gone >= until_gone or not pruned

        began = time.perf_counter()
        until(step, "the outbox is pruned")
        rates.append((gone - before) / (time.perf_counter() - began))
    if gone != events:
        raise SystemExit(f"{gone} of {events} rows were pruned")
    return rates


if __name__ == "__main__":
    main()
