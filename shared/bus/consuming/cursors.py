"""How far a replay is in each partition: moved by compare-and-set with the effects, so that it does nothing twice."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shared.bus.consuming.handlers import Handler
from shared.bus.consuming.places import PositionMoved
from shared.bus.consuming.positions import Position
from shared.bus.decisions import replaying
from shared.bus.tables import replay_cursors
from shared.bus.transport import Entry
from shared.database.inserting import insert_new
from shared.events import Envelope


@dataclass(slots=True)
class Cursor:
    """The last number that a replay has handled of one partition, and the one at which it ends there."""

    replay: str
    handler: str | None
    partition: int
    incarnation: str
    number: int
    last: int
    attempts: int

    @property
    def key(self) -> tuple[str, int]:
        """By what its first event after a takeover is known."""
        return self.replay, self.partition

    @property
    def is_over(self) -> bool:
        """Whether the partition has been replayed."""
        return replaying.is_over(self.number, self.last)

    def move(self, session: Session, number: int, handled: int) -> None:
        """Moves the number on, in the transaction of the effects. Raises PositionMoved."""
        _compare_and_set(session, self, number=number, attempts=0, handled=replay_cursors.c.handled + int(handled))

    def count_attempt(self, session: Session) -> None:
        """Counts a start on the event after the cursor. Raises PositionMoved."""
        _compare_and_set(session, self, attempts=self.attempts + 1)

    def adopt(self, session: Session, incarnation: str, start: int, newest: int) -> int:
        """Follows the source to its incarnation and past what is gone; how much that is. Raises PositionMoved."""
        number, last, gone = replaying.go_on(self.number, self.last, start=start, newest=newest)
        if (incarnation, number, last) != (self.incarnation, self.number, self.last):
            values = {"incarnation": incarnation, "number": number, "last": last}
            _compare_and_set(session, self, **values, missed=replay_cursors.c.missed + gone)
            self.incarnation, self.number, self.last = incarnation, number, last
        return gone

    def is_for(self, handler: Handler) -> bool:
        """Whether a handler is to have what comes here: the one that was named, else every one."""
        return self.handler in (None, handler.name)

    def read(self, entry: Entry) -> Envelope:
        """The envelope that handlers see, marked as replayed."""
        return replace(Envelope.from_json(entry.envelope), replay=self.replay)


def load(session: Session, replay: str, handler: str | None, partitions: Iterable[int]) -> dict[int, Cursor]:
    """A replay's cursors in these partitions, those that are over too."""
    rows = session.execute(
        select(replay_cursors).where(
            replay_cursors.c.replay == replay, replay_cursors.c.partition.in_(list(partitions))
        )
    )
    return {
        row.partition: Cursor(replay, handler, row.partition, row.incarnation, row.number, row.last, row.attempts)
        for row in rows
    }


def create(session: Session, replay: str, positions: Iterable[Position]) -> None:
    """Makes the cursors: a replay ends where the service stands now, since what follows comes by itself."""
    rows = [
        {
            "replay": replay,
            "partition": position.partition,
            "incarnation": position.incarnation,
            "number": 0,
            "last": position.number,
            "attempts": 0,
            "handled": 0,
            "missed": 0,
        }
        for position in positions
    ]
    if rows:
        session.execute(insert_new(session, replay_cursors).values(rows).on_conflict_do_nothing())


def are_over(session: Session, replay: str, partitions: int) -> bool:
    """Whether every partition has been replayed."""
    over = select(func.count()).where(
        replay_cursors.c.replay == replay, replay_cursors.c.number >= replay_cursors.c.last
    )
    return session.scalar(over) >= partitions


def _compare_and_set(session: Session, cursor: Cursor, **values) -> None:
    """As `replaying.may_move` decides, in the statement that moves."""
    done = session.execute(
        update(replay_cursors)
        .where(
            replay_cursors.c.replay == cursor.replay,
            replay_cursors.c.partition == cursor.partition,
            replay_cursors.c.incarnation == cursor.incarnation,
            replay_cursors.c.number == cursor.number,
        )
        .values(**values)
    )
    if done.rowcount != 1:
        raise PositionMoved(f"replay {cursor.replay}/{cursor.partition} is no longer at {cursor.number}")
