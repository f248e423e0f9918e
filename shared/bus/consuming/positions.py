"""How far this service has handled each source: numbers moved by compare-and-set with the handlers' effects."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared.bus.decisions.following import must_adopt
from shared.bus.feed import FeedAnswer
from shared.bus.tables import positions
from shared.database.inserting import insert_new


class PositionMoved(Exception):
    """Another process has moved the number meanwhile: this transaction must not commit."""


@dataclass(slots=True)
class Position:
    """The last number handled of one source's partition."""

    source: str
    partition: int
    incarnation: str
    number: int
    attempts: int = 0


def load(session: Session, sources: set[str]) -> dict[tuple[str, int], Position]:
    """The positions as they stand in the database."""
    rows = session.execute(select(positions).where(positions.c.source.in_(sources)))
    return {
        (row.source, row.partition): Position(row.source, row.partition, row.incarnation, row.number, row.attempts)
        for row in rows
    }


def move(session: Session, position: Position, number: int) -> None:
    """Moves the number on, in the transaction of the effects. Raises PositionMoved."""
    _compare_and_set(session, position, number=number, attempts=0)


def count_attempt(session: Session, position: Position) -> None:
    """Counts a start on the event after the position. Raises PositionMoved."""
    _compare_and_set(session, position, attempts=position.attempts + 1)


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
