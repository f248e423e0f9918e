"""Handling: effects and the number moved in one transaction; in batches, one by one when a batch fails."""

from shared import progress
from shared.bus.consuming import waiting
from shared.bus.consuming.handlers import Handler, Handlers, tell
from shared.bus.consuming.places import Place, PositionMoved
from shared.bus.decisions import queueing
from shared.bus.transport import Entry
from shared.database import Database
from shared.database.errors import is_passing
from shared.events import Envelope


class Handling:
    """Handles runs of entries that follow a place; raises PositionMoved where another process went on."""

    def __init__(self, database: Database, handlers: Handlers):
        self.database, self.handlers = database, handlers
        self._careful: set[tuple[str, int]] = set()
        self._suspected: dict[tuple[str, int], int] = {}

    def begin(self, careful: set[tuple[str, int]]) -> None:
        """After a takeover: the first event after each of the places with these keys is handled by itself."""
        self._careful |= careful

    def suspect(self, key: tuple[str, int], number: int) -> None:
        """Each event up to this number is handled by itself, its start counted: one of them may end the process."""
        self._suspected[key] = max(number, self._suspected.get(key, 0))

    def handle(self, place: Place, entries: list[Entry]) -> int:
        """Handles a run that follows the place: all in one commit, or one by one where that fails."""
        done = 0
        while done < len(entries) and self._needs_care(place, entries[done]):
            self._handle_carefully(place, entries[done])
            self._careful.discard(place.key)
            done += 1
        if len(entries) > done:
            try:
                self._handle_batch(place, entries[done:])
            except PositionMoved:
                raise
            except Exception as error:
                if is_passing(error):
                    raise
                for entry in entries[done:]:
                    self._handle_one(place, entry)
                    progress.moved()
        return len(entries)

    def _needs_care(self, place: Place, entry: Entry) -> bool:
        return place.key in self._careful or entry.number <= self._suspected.get(place.key, 0)

    def _handle_batch(self, place: Place, entries: list[Entry]) -> None:
        wanted = [(entry, place.read(entry)) for entry in entries if self._handlers(place, entry)]
        with self.database.transaction() as session:
            place.move(session, entries[-1].number, len(wanted))
            queues = waiting.queues(session, {envelope.key for _, envelope in wanted})
            gathered: dict[str, tuple[Handler, list[Envelope]]] = {}
            handled: list[tuple[Handler, Envelope]] = []
            for entry, envelope in wanted:
                for handler in self._handlers(place, entry):
                    if queueing.must_queue(handler.name, envelope.key, queues):
                        waiting.put_off(session, handler, envelope, entry.partition, None)
                    elif handler.is_batch:
                        gathered.setdefault(handler.name, (handler, []))[1].append(envelope)
                    else:
                        handler.run(session, envelope, is_told=True)
                        handled.append((handler, envelope))
            for handler, envelopes in gathered.values():
                handler.run_batch(session, envelopes)
        tell(handled)
        place.number, place.attempts = entries[-1].number, 0

    def _handle_one(self, place: Place, entry: Entry) -> None:
        """Each handler under a savepoint: the one that raises has the event wait, the others keep their effects."""
        with self.database.transaction() as session:
            handlers, envelope = self._handlers(place, entry), place.read(entry)
            place.move(session, entry.number, bool(handlers))
            queues = waiting.queues(session, {envelope.key})
            for handler in handlers:
                if queueing.must_queue(handler.name, envelope.key, queues):
                    waiting.put_off(session, handler, envelope, entry.partition, None)
                    continue
                try:
                    with session.begin_nested():
                        handler.run(session, envelope)
                except Exception as error:
                    if is_passing(error):
                        raise
                    waiting.put_off(session, handler, envelope, entry.partition, error)
        place.number, place.attempts = entry.number, 0

    def _handle_carefully(self, place: Place, entry: Entry) -> None:
        """After a takeover the start is committed before it is made: an event that kills the process can't loop."""
        if not self._handlers(place, entry):
            self._handle_one(place, entry)
            return
        with self.database.transaction() as session:
            place.count_attempt(session)
        place.attempts += 1
        if queueing.may_start(place.attempts):
            self._handle_one(place, entry)
        else:
            self._park(place, entry)

    def _park(self, place: Place, entry: Entry) -> None:
        with self.database.transaction() as session:
            handlers = self._handlers(place, entry)
            place.move(session, entry.number, bool(handlers))
            for handler in handlers:
                error = RuntimeError(f"the process ended {queueing.MAX_STARTS} times while it handled this event")
                waiting.park(session, handler, place.read(entry), entry.partition, error)
        place.number, place.attempts = entry.number, 0

    def _handlers(self, place: Place, entry: Entry) -> list[Handler]:
        return [handler for handler in self.handlers.of(entry.type) if place.is_for(handler)]
