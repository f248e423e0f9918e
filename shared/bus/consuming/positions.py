"""How far this service has handled each source: numbers moved by compare-and-set with the handlers' effects."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from shared import clock
from shared.bus.consuming import lineage
from shared.bus.consuming.handlers import Handler
from shared.bus.consuming.places import PositionMoved
from shared.bus.decisions import following
from shared.bus.feed import FeedAnswer
from shared.bus.tables import missed, positions
from shared.bus.transport import Entry
from shared.database.inserting import insert_new
from shared.events import Envelope
from shared.logs import get

log = get("bus")


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

    def go_to(self, session: Session, incarnation: str, number: int) -> None:
        """Stands elsewhere. Raises PositionMoved."""
        _compare_and_set(session, self, incarnation=incarnation, number=number, attempts=0)

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


def adopt(
    session: Session, source: str, known: dict[int, Position], answer: FeedAnswer, *, is_from_now: bool = False
) -> None:
    """Follows the source to its incarnation, and past what its window no longer holds. Raises PositionMoved.

    `known` are the positions that it was asked with, by partition.
    """
    asked, _ = following.newest(known)
    for partition, start in answer.start.items():
        position = known.get(partition)
        if position is None:
            number = following.first_number(start=start, last=answer.last[partition], is_from_now=is_from_now)
            row = {"source": source, "partition": partition, "incarnation": answer.incarnation}
            row |= {"number": number, "attempts": 0}
            new = insert_new(session, positions).values(row).on_conflict_do_nothing()
            if session.scalar(new.returning(positions.c.number)) is None:
                raise PositionMoved(f"{source}/{partition} has begun already")
        elif following.must_adopt(position, answer.incarnation, start):
            position.go_to(session, answer.incarnation, start)
    if answer.incarnation != asked:
        lineage.go_on(session, source, asked, answer.lineage)
    _note_missed(session, source, answer)


def _note_missed(session: Session, source: str, answer: FeedAnswer) -> None:
    """Never silently: what can't be had any more is kept as a row, and said."""
    now = clock.now()
    for partition, count in answer.gone.items():
        row = {"source": source, "partition": partition, "incarnation": answer.incarnation, "noticed_at": now}
        row |= {"after": answer.start[partition] - count, "up_to": answer.start[partition]}
        session.execute(insert(missed).values(row))
        log.error("events were gone before they were asked for", **{k: v for k, v in row.items() if k != "noticed_at"})


def _compare_and_set(session: Session, position: Position, **values) -> None:
    """As `following.may_move` decides, in the statement that moves."""
    at = {"p_source": position.source, "p_partition": position.partition}
    at |= {"p_incarnation": position.incarnation, "p_number": position.number}
    done = session.execute(_setting(tuple(values)), at | {f"p_new_{name}": value for name, value in values.items()})
    if done.rowcount != 1:
        raise PositionMoved(f"{position.source}/{position.partition} is no longer at {position.number}")


@cache
def _setting(names: tuple[str, ...]):
    """The UPDATE that sets these columns, made once: it runs for every batch."""
    at = {name: bindparam(f"p_{name}") for name in ("source", "partition", "incarnation", "number")}
    where = [positions.c[name] == value for name, value in at.items()]
    return update(positions).where(*where).values({name: bindparam(f"p_new_{name}") for name in names})
