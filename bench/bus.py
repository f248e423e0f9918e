"""Events per second that one process relays, and that one process handles, each next to a bare loop in Python.

Starts a Redis-compatible server and databases of its own; needs no running system and touches none.
The bare loops, one event at a time on the same servers in the same run: `XADD` of the same fields by redis-py; and
`XREAD COUNT 1`, the envelope's JSON read, one INSERT and COMMIT in a SQLAlchemy session like a handler's.
"""

import orjson
import sqlalchemy as sa
from redis import Redis

from bench.figures import COMPARED, compared, low_mid_high, show
from bench.stage import (
    WHERE,
    Rate,
    Stage,
    announce,
    bare_seen,
    batch_book,
    book,
    check_seen,
    key_of,
    kinds,
    options,
    say,
    stage,
    timed,
    until,
)
from shared.bus.redis_streams import STREAM_LENGTH
from shared.bus.tables import outbox

BARE = "bare"


def main() -> None:
    parser = options(__doc__, events=10_000, at_most=10_000)
    parser.add_argument("--batch", action="store_true", help="handle with a batch handler: one INSERT a run")
    parser.add_argument("--bare", type=int, default=3_000, help="events of the bare handling loop, at most --events")
    choice = parser.parse_args()
    rows = [row for kind in kinds(choice) for row in measure(kind, choice)]
    show(f"Events through one process each, {choice.events} a round; {WHERE}", ["database", "what", *COMPARED], rows)


def measure(kind: str, choice) -> list[list[object]]:
    with stage(kind) as on:
        bench = Round(on, choice)
        taken = [bench.run(turn) for turn in range(choice.rounds)]
        check_seen(on.theirs, choice.events * choice.rounds)
    relayed, added, handled, looped, announced = zip(*taken, strict=True)
    return [
        [kind, "relayed", *compared(relayed, added)],
        [kind, "handled, batch handler" if choice.batch else "handled", *compared(handled, looped)],
        [kind, "announced, 500 a commit", low_mid_high(rate.per_second for rate in announced), *[""] * 5],
    ]


class Round:
    """One round: announced, relayed, added by the bare loop, handled, handled by the bare loop."""

    def __init__(self, on: Stage, choice):
        self.on, self.events, self.bare = on, choice.events, min(choice.bare, choice.events)
        self.relay, self.consumer = on.relay(), on.consumer(batch_book() if choice.batch else book())
        self.client = Redis.from_url(on.broker)
        self.relay.step()
        self.consumer.step(wait_seconds=0.01)

    def run(self, turn: int) -> tuple[Rate, ...]:
        kind, first = self.on.kind, turn * self.events
        say(kind, turn, f"announcing {self.events} events")
        announced = timed(lambda: announce(self.on.ours, first, self.events), self.events)
        say(kind, turn, "relaying, then the bare loop")
        relayed = timed(lambda: until(lambda: not self.relay.step(), "all is relayed"), self.events)
        fields = self.check_relayed(first)
        added = timed(lambda: self.add(fields), self.events)
        say(kind, turn, "handling, then the bare loop")
        handled = timed(self.handle, self.events)
        looped = timed(self.loop, self.bare)
        self.check_looped()
        return relayed, added, handled, looped, announced

    def handle(self) -> None:
        left = self.events

        def step() -> bool:
            nonlocal left
            left -= self.consumer.step(wait_seconds=0.1)
            return left <= 0

        until(step, "all is handled")

    def add(self, fields: list[dict]) -> None:
        """The relay's twin."""
        for one in fields:
            self.client.xadd(BARE, one, maxlen=STREAM_LENGTH, approximate=True)

    def loop(self) -> None:
        """The consumer's twin."""
        place = "0-0"
        for _ in range(self.bare):
            [(_stream, [(place, fields)])] = self.client.xread({BARE: place}, count=1, block=1000)
            data = orjson.loads(fields[b"e"])["data"]
            with self.on.theirs.transaction() as session:
                session.execute(sa.insert(bare_seen).values(key=key_of(data["record_id"]), mark=data["version"]))

    def check_relayed(self, first: int) -> list[dict]:
        """Ends with status 1 unless the streams hold this round's events, each once and in order; their fields."""
        with self.on.ours.reading() as session:
            unsent = session.scalar(sa.select(sa.func.count()).where(sa.not_(outbox.c.is_sent)))
        entries = [(name, fields) for name in self.streams() for _id, fields in self.client.xrange(name)]
        numbers: dict[bytes, list[int]] = {}
        for name, fields in entries:
            numbers.setdefault(name, []).append(int(fields[b"n"]))
        are_dense = all(of == list(range(of[0], of[0] + len(of))) for of in numbers.values())
        marks = sorted(orjson.loads(fields[b"e"])["data"]["version"] for _name, fields in entries)
        if unsent or not are_dense or marks != list(range(first, first + self.events)):
            raise SystemExit(f"{unsent} events were not told, or the streams do not hold each once and in order")
        return [fields for _name, fields in entries]

    def check_looped(self) -> None:
        """Ends with status 1 unless the bare loop wrote what it read; makes room for the next round."""
        with self.on.theirs.transaction() as session:
            written = session.scalar(sa.select(sa.func.count(bare_seen.c.mark.distinct())))
            session.execute(sa.delete(bare_seen))
        if written != self.bare:
            raise SystemExit(f"the bare loop wrote {written} of {self.bare} rows")
        self.client.delete(BARE)
        for name in self.streams():
            self.client.xtrim(name, maxlen=0)

    def streams(self) -> list[bytes]:
        return sorted(key for key in self.client.keys("bus:*") if self.client.type(key) == b"stream")


if __name__ == "__main__":
    main()
