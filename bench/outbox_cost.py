"""What the outbox adds to a request, in microseconds: a transaction that writes a row, without and with an event.

The two kinds take turns in one process, one after the other. With the event comes all that a request does for it: the
typed event, its envelope, the outbox's row, the poke after the commit (on its own thread). Needs no running system.
"""

import statistics
import time

import sqlalchemy as sa

from bench.figures import percentile, progress, show
from bench.stage import SOURCE, WHERE, Stage, change, kinds, options, seen, stage
from shared import trace
from shared.bus import announce
from shared.bus.poke import Poker
from shared.bus.redis_streams import RedisStreams
from shared.bus.tables import outbox

WAYS = ("row", "row and event", "row and event, row lock vouched for")
"""The last differs from the one before on PostgreSQL only: there it saves the advisory lock on the key."""


def main() -> None:
    parser = options(__doc__, events=3_000, at_most=50_000, rounds=1)
    choice = parser.parse_args()
    rows = [row for kind in kinds(choice) for _ in range(choice.rounds) for row in measure(kind, choice.events)]
    heads = ["database", "transaction", "count", "p50 µs", "p99 µs", "mean µs", "added p50 µs", "added mean µs"]
    show(f"What the outbox adds to a transaction; {WHERE}", heads, rows)


def measure(kind: str, count: int) -> list[list[object]]:
    progress(f"{kind}: {count} transactions of each kind in turn")
    with stage(kind) as on:
        on.ours.session_info["poke"] = Poker(RedisStreams(on.broker), SOURCE).poke
        for mark in range(100):
            write(on, mark, WAYS[mark % 3])
        times: dict[str, list[float]] = {way: [] for way in WAYS}
        for mark in range(100, 100 + count):
            for way in WAYS:
                times[way].append(write(on, mark, way))
        check(on, count)
    return [row_of(kind, way, sorted(of), sorted(times[WAYS[0]])) for way, of in times.items()]


def write(on: Stage, mark: int, way: str) -> float:
    """One transaction, as in a request's trace; how many microseconds it took."""
    with trace.begin():
        began = time.perf_counter()
        with on.ours.transaction() as session:
            session.execute(sa.insert(seen).values(key=0, mark=mark))
            if way != WAYS[0]:
                announce(session, change(mark), is_ordered=way == WAYS[2])
        return (time.perf_counter() - began) * 1e6


def check(on: Stage, count: int) -> None:
    """Ends with status 1 unless there is a row for each and an event where there shall be one."""
    with on.ours.reading() as session:
        written = session.scalar(sa.select(sa.func.count()).select_from(seen).where(seen.c.mark >= 100))
        told = session.scalar(sa.select(sa.func.count()).select_from(outbox))
    if written != count * 3 or told != count * 2 + 66:
        raise SystemExit(f"{count} of each: {written} rows and {told} events")


def row_of(kind: str, way: str, times: list[float], plain: list[float]) -> list[object]:
    middle, mean = percentile(times, 0.5), statistics.fmean(times)
    figures = [middle, percentile(times, 0.99), mean]
    added = [middle - percentile(plain, 0.5), mean - statistics.fmean(plain)] if way != WAYS[0] else []
    return [kind, way, len(times), *(f"{f:.0f}" for f in figures), *([f"{a:.0f}" for a in added] or ["", ""])]


if __name__ == "__main__":
    main()
