"""Dead letters: events that a handler gave up, looked at, put back to be tried again, or dropped.

One that is put back keeps its row, and so its place: what waits of its handler and key, and what comes, queues behind
it. What came while it was parked has gone on, so the handler meets it late.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.orm import Session

from shared import clock
from shared.bus.source.outbox import wake_bus
from shared.bus.tables import waiting
from shared.events import Envelope

Held = Literal["parked", "waiting"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which; None asks for any."""

    handler: str | None = None
    type: str | None = None
    state: Held = "parked"


def page(session: Session, wanted: Wanted, *, before: int | None, limit: int) -> tuple[list[Row], int | None]:
    """Rows older than the one with id `before`, newest first, and where the next page goes on; None at the end."""
    query = _filtered(select(waiting), wanted)
    if before is not None:
        query = query.where(waiting.c.id < before)
    rows = session.execute(query.order_by(waiting.c.id.desc()).limit(limit + 1)).all()
    found = [row for row in rows[:limit] if _is_of(row, wanted.type)]
    return found, rows[limit - 1].id if len(rows) > limit else None


def find(session: Session, id_: int) -> Row | None:
    """The row of that id, parked or waiting."""
    return session.execute(select(waiting).where(waiting.c.id == id_)).one_or_none()


def replay(session: Session, ids: list[int]) -> list[int]:
    """Has parked events tried again, as if for the first time; those of the ids that were parked."""
    put_back = (
        update(waiting)
        .where(waiting.c.id.in_(ids), waiting.c.state == "parked")
        .values(state="waiting", attempts=0, run_at=clock.now())
        .returning(waiting.c.id)
    )
    done = sorted(session.scalars(put_back))
    if done:
        wake_bus(session)
    return done


def eldest(session: Session, wanted: Wanted, *, after: int, limit: int) -> tuple[list[int], int | None]:
    """The ids of rows younger than `after`, eldest first as they are to be put back, and where to go on; None at the
    end."""
    query = _filtered(select(waiting.c.id, waiting.c.envelope), wanted).where(waiting.c.id > after)
    rows = session.execute(query.order_by(waiting.c.id).limit(limit + 1)).all()
    ids = [row.id for row in rows[:limit] if _is_of(row, wanted.type)]
    return ids, rows[limit - 1].id if len(rows) > limit else None


def queued_behind(session: Session, row: Row) -> int:
    """How many events of its handler and key wait, younger than it."""
    same = (waiting.c.handler == row.handler) & (waiting.c.key == row.key) & (waiting.c.id > row.id)
    query = select(func.count()).select_from(waiting).where(same, waiting.c.state == "waiting")
    return session.scalar(query) or 0


def drop(session: Session, id_: int) -> bool:
    """Forgets a parked event for good; False where there is none."""
    return session.execute(delete(waiting).where(waiting.c.id == id_, waiting.c.state == "parked")).rowcount == 1


def _filtered(query: Select, wanted: Wanted) -> Select:
    query = query.where(waiting.c.state == wanted.state)
    if wanted.handler is not None:
        query = query.where(waiting.c.handler == wanted.handler)
    if wanted.type is not None:
        query = query.where(waiting.c.envelope.contains(f'"type":"{wanted.type}"', autoescape=True))
    return query


def _is_of(row: Row, type_: str | None) -> bool:
    """The text alone may lie: data can look like an envelope."""
    return type_ is None or Envelope.from_json(row.envelope).type == type_
