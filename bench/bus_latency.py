"""From commit to handler start at a steady pace of events: p50 and p99.

A writer commits one event a transaction and pokes, as an api process does; the source's and the reader's bus role are
processes of their own. Writer and handler read the same monotonic clock of this machine. Needs no running system.
"""

import time

import sqlalchemy as sa

from bench.cores import MEASURED, SERVERS, cpu_seconds
from bench.figures import milliseconds, p50_p99, percentile, progress, show
from bench.roles import process, run_reader, run_source
from bench.stage import READER, SOURCE, Stage, change, check_seen, key_of, kinds, options, seen, stage, until, url_of
from shared.bus import Handlers, announce
from shared.bus.poke import Poker
from shared.bus.redis_streams import RedisStreams
from shared.events.data import RecordChanged

WARM = 50
"""So many events first, which do not count: connections open, leases are taken."""


def main() -> None:
    parser = options(__doc__, events=1_500, at_most=10_000, rounds=1)
    parser.add_argument("--per-second", type=float, default=100)
    choice = parser.parse_args()
    rows = [row for kind in kinds(choice) for row in measure(kind, choice)]
    where = f"bus roles on core {MEASURED}; writer, Valkey and PostgreSQL on core {SERVERS}"
    heads = ["database", "way", "events", "p50 ms", "p99 ms", "longest ms"]
    show(f"Commit to handler start at {choice.per_second:g} events/s; {where}", heads, rows)


def measure(kind: str, choice) -> list[list[object]]:
    with stage(kind) as on:
        ours, theirs = url_of(on.ours), url_of(on.theirs)
        on.ours.session_info["poke"] = Poker(RedisStreams(on.broker), SOURCE).poke
        with (
            process(MEASURED, run_source, on.broker, ours) as source,
            process(MEASURED, run_reader, on.broker, ours, theirs, timing_book) as reader,
        ):
            roles = source.pid, reader.pid
            return [row for _ in range(choice.rounds) for row in one_round(on, choice, roles)]


def one_round(on: Stage, choice, roles: tuple[int, int]) -> list[list[object]]:
    with on.theirs.transaction() as session:
        session.execute(sa.delete(seen))
    write(on, 0, WARM, choice.per_second)
    await_seen(on, WARM)
    progress(f"{on.kind}: {choice.events} events at {choice.per_second:g}/s")
    before = [cpu_seconds(pid) for pid in roles]
    begun, done = write(on, WARM, choice.events, choice.per_second)
    await_seen(on, WARM + choice.events)
    taken = [(cpu_seconds(pid) - at) / choice.events * 1e6 for pid, at in zip(roles, before, strict=True)]
    check_seen(on.theirs, WARM + choice.events)
    started = starts(on)
    ways = {
        "commit done to handler start": [started[mark] - at for mark, at in done.items()],
        "the writer's transaction": [done[mark] - begun[mark] for mark in begun],
    }
    rows = [
        [on.kind, what, len(times), *p50_p99(times), milliseconds(percentile(sorted(times), 1))]
        for what, times in ways.items()
    ]
    progress(f"{on.kind}: CPU an event: {taken[0]:.0f} µs in the source's bus role, {taken[1]:.0f} µs in the reader's")
    return rows


def write(on: Stage, first: int, count: int, per_second: float) -> tuple[dict[int, float], dict[int, float]]:
    """Commits one event a transaction at that pace; when each was begun and when it was committed."""
    begun, done, start = {}, {}, time.monotonic()
    for mark in range(first, first + count):
        time.sleep(max(0.0, start + (mark - first) / per_second - time.monotonic()))
        begun[mark] = time.monotonic()
        with on.ours.transaction() as session:
            announce(session, change(mark))
        done[mark] = time.monotonic()
    return begun, done


def timing_book() -> Handlers:
    """Notes when it was begun."""
    handlers = Handlers(READER)

    @handlers.on(RecordChanged)
    def note(session, event, _envelope) -> None:
        at = time.monotonic()
        session.execute(sa.insert(seen).values(key=key_of(event.record_id), mark=event.version, at=at))

    return handlers


def await_seen(on: Stage, count: int) -> None:
    def is_there() -> bool:
        time.sleep(0.1)
        with on.theirs.reading() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(seen)) >= count

    until(is_there, f"{count} events are handled", seconds=60)


def starts(on: Stage) -> dict[int, float]:
    with on.theirs.reading() as session:
        return dict(session.execute(sa.select(seen.c.mark, seen.c.at)).all())


if __name__ == "__main__":
    main()
