"""Handling: effects and the place moved in one transaction; in batches, one by one when a batch fails; waiting."""

from collections.abc import Iterator

from shared.bus.decisions import queueing
from shared.bus.tests.model.store import Cursor, Happening, Held, Position, Store
from shared.bus.transport import Entry

Place = Position | Cursor


class Moved(Exception):
    """Another process has moved the place meanwhile: the transaction rolls back."""


class Failed(Exception):
    """A handler raises."""


class Handling:
    """What a consumer process does with entries that follow a place, and with events that wait."""

    def __init__(self, world, service):
        self.world, self.service = world, service
        self.careful: set[tuple] = set()

    def handle(self, place: Place, entries: list[Entry]) -> Iterator[None]:
        """Raises Moved where another process went on."""
        if entries and place.key in self.careful:
            yield from self._handle_carefully(place, entries[0])
            self.careful.discard(place.key)
            entries = entries[1:]
            yield
        if not entries:
            return
        try:
            self._handle_batch(place, entries)
        except Failed:
            for entry in entries:
                self._handle_one(place, entry)
                yield
        yield

    def _handle_batch(self, place: Place, entries: list[Entry]) -> None:
        """One transaction: nothing of it stands when a handler raises or the process dies in it."""
        store, done, behind = self._open(place), [], []
        queues = store.queues()
        for entry in entries:
            for handler in self._handlers(place, entry):
                queued = queueing.must_queue(handler, entry.envelope.key, queues)
                (behind if queued else done).append((handler, entry.envelope))
        for handler, event in done:
            self.world.run_handler(self.service, handler, event)
        for handler, event in behind:
            store.put_off(handler, event, place, 0, self.world.now)
        self._commit(store, place, entries[-1].number, done)

    def _handle_one(self, place: Place, entry: Entry) -> None:
        """One transaction: the handler that raises has the event wait, the others keep their effects."""
        store, event, done, held = self._open(place), entry.envelope, [], []
        queues = store.queues()
        for handler in self._handlers(place, entry):
            if queueing.must_queue(handler, event.key, queues):
                held.append((handler, 0, self.world.now))
                continue
            try:
                self.world.run_handler(self.service, handler, event)
                done.append((handler, event))
            except Failed:
                held.append((handler, 1, self.world.now + queueing.pause_seconds(1)))
        for handler, attempts, run_at in held:
            store.put_off(handler, event, place, attempts, run_at)
        self._commit(store, place, entry.number, done)

    def _handle_carefully(self, place: Place, entry: Entry) -> Iterator[None]:
        """The start is committed before it is made."""
        store = self._open(place)
        place.attempts += 1
        if "count the start first" not in self.world.left_out:
            place.put(store)
            yield
        if queueing.may_start(place.attempts):
            self._handle_one(place, entry)
            return
        store = self._open(place)
        for handler in self._handlers(place, entry):
            store.put_off(handler, entry.envelope, place, 0, 0.0).state = "parked"
        self._commit(store, place, entry.number, [])

    def _handlers(self, place: Place, entry: Entry) -> list[str]:
        return place.handlers(self.service.handlers[entry.source])

    def _open(self, place: Place) -> Store:
        """The store as a transaction sees it whose compare-and-set has succeeded."""
        if not place.is_free(self.service.store):
            raise Moved
        return self.service.store

    def _commit(self, store: Store, place: Place, number: int, done: list[tuple[str, Happening]]) -> None:
        place.number, place.attempts = number, 0
        place.put(store)
        for handler, event in done:
            self.world.take_effect(self.service, handler, event, place.replay)

    def retry(self, partitions: set[int]) -> Iterator[None]:
        """Tries what is due."""
        rows = [h for h in self.service.store.waiting.values() if h.state == "waiting" and h.partition in partitions]
        due = queueing.due([(h.id, h.handler, h.event.key, h.run_at) for h in rows], self.world.now)
        seen = {held.id: (held, held.attempts) for held in rows}
        for id_ in due:
            yield
            yield from self._try(*seen[id_])

    def _try(self, read: Held, attempts: int) -> Iterator[None]:
        """The attempt is committed before it is made; it is made for what was read before that."""
        held = self.service.store.waiting.get(read.id)
        if held is None or (held.attempts, held.event) != (attempts, read.event):
            return
        if not queueing.may_try(attempts):
            held.attempts, held.state = attempts + 1, "parked"
            return
        if "count the attempt first" not in self.world.left_out:
            self._count(held, attempts)
            yield
        held = self.service.store.waiting.get(read.id)
        is_counted = "count the attempt first" not in self.world.left_out
        if not queueing.may_run(held and (held.attempts, held.event), (attempts + is_counted, read.event)):
            return  # another process was quicker
        try:
            self.world.run_handler(self.service, read.handler, read.event)
        except Failed:
            self._count(held, attempts)
            return
        del self.service.store.waiting[read.id]
        self.world.take_effect(self.service, read.handler, read.event, read.replay)

    def _count(self, held: Held, attempts: int) -> None:
        held.attempts, held.run_at = attempts + 1, self.world.now + queueing.pause_seconds(attempts + 1)
