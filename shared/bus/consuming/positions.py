"""How far this service has handled each source: numbers moved by compare-and-set with the handlers' effects."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared.bus.consuming.handlers import Handler
from shared.bus.consuming.places import PositionMoved
from shared.bus.decisions.following import must_adopt
from shared.bus.feed import FeedAnswer
from shared.bus.tables import positions
from shared.bus.transport import Entry
from shared.database.inserting import insert_new
from shared.events import Envelope


@dataclass(slots=True)
class Position:
    """The last number handled of one source's partition."""

    source: str
    partition: int
    incarnation: str
    number: int
    attempts: int = 0

    @property
    def key(self) -> tuple[str, int]:
        """By what its first event after a takeover is known."""
        return self.source, self.partition

    def move(self, session: Session, number: int, _handled: int) -> None:
        """Moves the number on, in the transaction of the effects. Raises PositionMoved."""
        _compare_and_set(session, self, number=number, attempts=0)

    def count_attempt(self, session: Session) -> None:
        """Counts a start on the event after the position. Raises PositionMoved."""
        _compare_and_set(session, self, attempts=self.attempts + 1)

    def is_for(self, _handler: Handler) -> bool:
        """Whether a handler is to have what comes here: every one is."""
        return True

    def read(self, entry: Entry) -> Envelope:
        """The envelope that handlers see."""
        return Envelope.from_json(entry.envelope)


def load(session: Session, sources: set[str]) -> dict[tuple[str, int], Position]:
    """The positions as they stand in the database."""
    rows = session.execute(select(positions).where(positions.c.source.in_(sources)))
    return {
        (row.source, row.partition): Position(row.source, row.partition, row.incarnation, row.number, row.attempts)
        for row in rows
    }


def adopt(session: Session, source: str, known: dict[tuple[str, int], Position], answer: FeedAnswer) -> None:
    """Follows the source to its incarnation, and past what its window no longer holds. Raises PositionMoved."""
    for partition, number in answer.start.items():
        position = known.get((source, partition))
        if position is None:
            row = {"source": source, "partition": partition, "incarnation": answer.incarnation}
            row |= {"number": number, "attempts": 0}
            session.execute(insert_new(session, positions).values(row).on_conflict_do_nothing())
        elif must_adopt(position, answer.incarnation, number):
            _compare_and_set(session, position, incarnation=answer.incarnation, number=number, attempts=0)


def _compare_and_set(session: Session, position: Position, **values) -> None:
    """As `following.may_move` decides, in the statement that moves."""
    done = session.execute(
        update(positions)
        .where(
            positions.c.source == position.source,
            positions.c.partition == position.partition,
            positions.c.incarnation == position.incarnation,
            positions.c.number == position.number,
        )
        .values(**values)
    )
    if done.rowcount != 1:
        raise PositionMoved(f"{position.source}/{position.partition} is no longer at {position.number}")
