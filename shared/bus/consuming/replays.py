"""Carries out replays beside the live events: asks the source for the range, runs the handlers again."""

import time
from itertools import groupby

import orjson

from shared.bus import replaying
from shared.bus.consuming import cursors, lineage
from shared.bus.consuming.cursors import Cursor
from shared.bus.consuming.handlers import Handlers
from shared.bus.consuming.handling import Handling
from shared.bus.consuming.places import PositionMoved
from shared.bus.consuming.positions import Position
from shared.bus.decisions import replaying as replay_decisions
from shared.bus.feed import FeedAnswer, FeedClient, FeedDown, Range
from shared.database import Database
from shared.logs import get

BATCH = 200
LOOK_SECONDS = 1.0
"""So often it looks for a replay that has begun, and asks again a source that did not answer."""

log = get("bus")


class Replays:
    """Call `step` between two reads of the live events; it does one bounded run of each replay."""

    def __init__(self, database: Database, handlers: Handlers, feed: FeedClient, handling: Handling, partitions: int):
        self.database, self.handlers, self.feed, self.handling = database, handlers, feed, handling
        self.partitions = partitions
        self.is_busy = False
        self._look_at = 0.0
        self._silent_until: dict[str, float] = {}
        self._careful: set[tuple[str, int]] = set()

    def begin(self) -> None:
        """After a takeover: the first event after each cursor is handled with care again."""
        self._careful, self._look_at = set(), 0.0

    def step(self, held: set[int], positions: dict[tuple[str, int], Position]) -> int:
        """Goes on with each replay in these partitions; how many events were handled again."""
        if not self.is_busy and time.monotonic() < self._look_at:
            return 0
        self._look_at = time.monotonic() + LOOK_SECONDS
        with self.database.reading() as session:
            running = replaying.running(session)
        self.is_busy = False
        return sum(self._go_on(replay, held, positions) for replay in running)

    def _go_on(self, replay, held: set[int], positions: dict[tuple[str, int], Position]) -> int:
        if time.monotonic() < self._silent_until.get(replay.source, 0.0) or not self._is_possible(replay):
            return 0
        try:
            places = self._cursors(replay, held, positions)
            open_ = [cursor for cursor in places.values() if not cursor.is_over]
            if not open_:
                self._finish(replay)
                return 0
            return self._run(replay, open_, positions.get((replay.source, open_[0].partition)))
        except FeedDown as down:
            self._silent_until[replay.source] = time.monotonic() + LOOK_SECONDS
            log.warning("a replay waits for its source", replay=replay.id, error=str(down))
        except PositionMoved as moved:
            log.info("another process goes on here", reason=str(moved))
        return 0

    def _is_possible(self, replay) -> bool:
        if replay.source in self.handlers.sources and self._types(replay):
            return True
        with self.database.transaction() as session:
            replaying.fail(session, replay.id, "nothing here handles such events")
        log.error("a replay failed", replay=replay.id, source=replay.source, handler=replay.handler)
        return False

    def _types(self, replay) -> tuple[str, ...]:
        wanted = set(orjson.loads(replay.types))
        named = [one for one in self.handlers.all() if replay.handler in (None, one.name)]
        return tuple(sorted({type_ for one in named for type_ in one.events if not wanted or type_ in wanted}))

    def _cursors(self, replay, held: set[int], positions: dict[tuple[str, int], Position]) -> dict[int, Cursor]:
        with self.database.reading() as session:
            known = cursors.load(session, replay.id, replay.handler, held)
        missing = [at for (source, p), at in positions.items() if source == replay.source and p in held - set(known)]
        if missing:
            with self.database.transaction() as session:
                cursors.create(session, replay.id, missing)
                known = cursors.load(session, replay.id, replay.handler, held)
        new = {cursor.key for cursor in known.values()} - self._careful
        self._careful |= new
        self.handling.begin(new)
        return known

    def _run(self, replay, places: list[Cursor], position: Position | None) -> int:
        incarnation = places[0].incarnation  # others, of another incarnation, in a later round
        asked = {cursor.partition: cursor for cursor in places if cursor.incarnation == incarnation}
        # one that ends when it was asked for ends by its cursors: the source's clock may go ahead of this one
        until = replay.until if replay.until < replay.created_at else None
        wanted = Range(self._types(replay), replay.since, until)
        numbers = {partition: cursor.number for partition, cursor in asked.items()}
        answer = self.feed.ask_range(replay.source, wanted, incarnation=incarnation, numbers=numbers, limit=BATCH)
        if not answer.is_known:
            self._await_way_back(replay, incarnation)
        if not replay_decisions.may_follow(answer.incarnation, position and position.incarnation):
            raise FeedDown(f"{replay.source} has begun an incarnation: the positions follow it first")
        self._adopt(replay, asked, answer)
        handled = self._handle(asked, answer)
        with self.database.transaction() as session:
            for partition, cursor in asked.items():
                reached = min(answer.reached[partition], cursor.last)
                if reached > cursor.number:
                    cursor.move(session, reached, 0)
        self.is_busy = True
        return handled

    def _await_way_back(self, replay, incarnation: str) -> None:
        """The positions go back first and take the cursors with them, along what the service remembers. Raises FeedDown
        until then, and fails a replay that is where nothing leads back from."""
        with self.database.transaction() as session:
            if not lineage.is_remembered(session, replay.source, incarnation):
                replaying.fail(session, replay.id, "the source was put back to before what the replay knew of it")
        raise FeedDown(f"{replay.source} was put back: the positions go back first")

    def _adopt(self, replay, asked: dict[int, Cursor], answer: FeedAnswer) -> None:
        with self.database.transaction() as session:
            gone = sum(
                asked[p].adopt(session, answer.incarnation, start, answer.last[p]) for p, start in answer.start.items()
            )
        if gone:
            log.error("a replay misses events that are no longer kept", replay=replay.id, events=gone)

    def _handle(self, asked: dict[int, Cursor], answer: FeedAnswer) -> int:
        handled = 0
        for partition, run in groupby(answer.entries, key=lambda entry: entry.partition):
            cursor = asked[partition]
            handled += self.handling.handle(cursor, [e for e in run if cursor.number < e.number <= cursor.last])
        return handled

    def _finish(self, replay) -> None:
        with self.database.transaction() as session:
            if not cursors.are_over(session, replay.id, self.partitions):
                return  # in partitions that another process holds
            replaying.finish(session, replay.id)
        log.info("replay done", replay=replay.id)
