"""Replays: a consumer process handles a range of a source's events again, beside the live ones."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import groupby

from shared.bus.decisions import replaying
from shared.bus.feed import FeedAnswer
from shared.bus.tests.model import source
from shared.bus.tests.model.handling import Handling, Moved
from shared.bus.tests.model.store import Cursor, Position, Replay


class Replays:
    """What a consumer process remembers of the replays of its service."""

    def __init__(self, world, service, handling: Handling):
        self.world, self.service, self.handling = world, service, handling
        self._careful: set[tuple[int, int]] = set()

    def begin(self) -> None:
        """After a takeover."""
        self._careful = set()

    def step(self, held: set[int], positions: dict[tuple[str, int], Position]) -> Iterator[None]:
        for replay in [one for one in self.service.store.replays.values() if one.state == "running"]:
            yield
            with suppress(Moved):
                yield from self._go_on(replace(replay), held, positions)

    def _go_on(self, replay: Replay, held: set[int], positions) -> Iterator[None]:
        store = self.service.store
        for partition in sorted(held):
            at = positions.get((replay.source, partition))
            if at and (replay.id, partition) not in store.cursors:
                Cursor(replay.id, replay.handler, partition, at.incarnation, 0, at.number).put(store)
        mine = [replace(c) for c in store.cursors.values() if c.replay == replay.id and c.partition in held]
        new = {cursor.key for cursor in mine} - self._careful
        self._careful |= new
        self.handling.careful |= new
        yield
        open_ = [cursor for cursor in mine if not cursor.is_over]
        if open_:
            yield from self._run(replay, open_, positions)
        else:
            self._finish(replay)

    def _run(self, replay: Replay, places: list[Cursor], positions) -> Iterator[None]:
        incarnation = places[0].incarnation
        asked = {cursor.partition: cursor for cursor in places if cursor.incarnation == incarnation}
        numbers = {partition: cursor.number for partition, cursor in asked.items()}
        feed = source.Feed(self.world, self.world.services[replay.source])
        answer = yield from feed.ask_range(replay, incarnation, numbers)
        yield
        if answer is not None and not answer.is_known:
            self._give_up(replay, incarnation)
            return
        at = positions.get((replay.source, places[0].partition))
        if answer is None or not replaying.may_follow(answer.incarnation, at and at.incarnation):
            return
        self._adopt(asked, answer)
        yield
        for partition, run in groupby(answer.entries, key=lambda entry: entry.partition):
            cursor = asked[partition]
            yield from self.handling.handle(cursor, [e for e in run if cursor.number < e.number <= cursor.last])
        for partition, cursor in asked.items():
            cursor.number = max(cursor.number, self._reached(cursor, answer.reached[partition]))
            cursor.put(self.service.store)

    def _reached(self, cursor: Cursor, reached: int) -> int:
        """In one transaction with that of the other partitions, whose processes are this one."""
        if not cursor.is_free(self.service.store):
            raise Moved
        return min(reached, cursor.last)

    def _adopt(self, asked: dict[int, Cursor], answer: FeedAnswer) -> None:
        """One transaction."""
        store, moved = self.service.store, []
        for partition, start in answer.start.items():
            cursor = asked[partition]
            number, last, _ = replaying.go_on(cursor.number, cursor.last, start=start, newest=answer.last[partition])
            if (answer.incarnation, number, last) != (cursor.incarnation, cursor.number, cursor.last):
                if not cursor.is_free(store):
                    raise Moved
                moved.append((cursor, number, last))
        for cursor, number, last in moved:
            cursor.incarnation, cursor.number, cursor.last = answer.incarnation, number, last
            cursor.put(store)

    def _give_up(self, replay: Replay, incarnation: str) -> None:
        """One transaction: nothing leads back from an incarnation that the service does not remember."""
        store = self.service.store
        known = [name for name, _ in store.lineage.get(replay.source, [])]
        is_lost = incarnation not in known and "give up" not in self.world.left_out
        if replay.id in store.replays and is_lost:
            store.replays[replay.id].state = "failed"

    def _finish(self, replay: Replay) -> None:
        store = self.service.store
        over = [c for c in store.cursors.values() if c.replay == replay.id and c.is_over]
        if len(over) >= store.partitions and replay.id in store.replays:
            store.replays[replay.id].state = "done"
