"""Handling: effects and the number moved in one transaction; in batches, one by one when a batch fails."""

from shared import progress
from shared.bus.consuming import positions, waiting
from shared.bus.consuming.handlers import Handler, Handlers
from shared.bus.consuming.positions import Position, PositionMoved
from shared.bus.decisions import queueing
from shared.bus.transport import Entry
from shared.database import Database
from shared.database.errors import is_passing
from shared.events import Envelope


class Handling:
    """Handles runs of entries that follow a position; raises PositionMoved where another process went on."""

    def __init__(self, database: Database, handlers: Handlers):
        self.database, self.handlers = database, handlers
        self._careful: set[tuple[str, int]] = set()

    def begin(self, careful: set[tuple[str, int]]) -> None:
        """After a takeover: the first event of each of these (source, partition) is handled by itself."""
        self._careful = careful

    def handle(self, position: Position, entries: list[Entry]) -> int:
        """Handles a run that follows the position: all in one commit, or one by one where that fails."""
        key = (position.source, position.partition)
        done = 0
        if entries and key in self._careful:
            self._handle_carefully(position, entries[0])
            self._careful.discard(key)
            done = 1
        if len(entries) > done:
            try:
                self._handle_batch(position, entries[done:])
            except PositionMoved:
                raise
            except Exception as error:
                if is_passing(error):
                    raise
                for entry in entries[done:]:
                    self._handle_one(position, entry)
                    progress.moved()
        return len(entries)

    def _handle_batch(self, position: Position, entries: list[Entry]) -> None:
        wanted = [(entry, Envelope.from_json(entry.envelope)) for entry in entries if self.handlers.of(entry.type)]
        with self.database.transaction() as session:
            positions.move(session, position, entries[-1].number)
            queues = waiting.queues(session, {envelope.key for _, envelope in wanted})
            gathered: dict[str, tuple[Handler, list[Envelope]]] = {}
            for entry, envelope in wanted:
                for handler in self.handlers.of(entry.type):
                    if queueing.must_queue(handler.name, envelope.key, queues):
                        waiting.put_off(session, handler, envelope, entry.partition, None)
                    elif handler.is_batch:
                        gathered.setdefault(handler.name, (handler, []))[1].append(envelope)
                    else:
                        handler.run(session, envelope)
            for handler, envelopes in gathered.values():
                handler.run_batch(session, envelopes)
        position.number, position.attempts = entries[-1].number, 0

    def _handle_one(self, position: Position, entry: Entry) -> None:
        """Each handler under a savepoint: the one that raises has the event wait, the others keep their effects."""
        with self.database.transaction() as session:
            positions.move(session, position, entry.number)
            envelope = Envelope.from_json(entry.envelope)
            queues = waiting.queues(session, {envelope.key})
            for handler in self.handlers.of(entry.type):
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
        position.number, position.attempts = entry.number, 0

    def _handle_carefully(self, position: Position, entry: Entry) -> None:
        """After a takeover the start is committed before it is made: an event that kills the process can't loop."""
        if not self.handlers.of(entry.type):
            self._handle_one(position, entry)
            return
        with self.database.transaction() as session:
            positions.count_attempt(session, position)
        position.attempts += 1
        if queueing.may_start(position.attempts):
            self._handle_one(position, entry)
        else:
            self._park(position, entry)

    def _park(self, position: Position, entry: Entry) -> None:
        with self.database.transaction() as session:
            positions.move(session, position, entry.number)
            for handler in self.handlers.of(entry.type):
                error = RuntimeError(f"the process ended {queueing.MAX_STARTS} times while it handled this event")
                waiting.park(session, handler, Envelope.from_json(entry.envelope), entry.partition, error)
        position.number, position.attempts = entry.number, 0
