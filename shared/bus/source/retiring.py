"""Retiring: a consumer that is gone for good no longer holds the outbox back."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shared import clock
from shared.bus.tables import consumers, retirements
from shared.database.inserting import insert_new
from shared.logs import get

log = get("bus")


def retire(session: Session, consumer: str) -> bool:
    """Forgets what a consumer has reported; whether it had reported anything.

    One that comes back all the same is registered anew by its first report (see `note_return`): it goes on from its
    own numbers as far as the outbox still has what follows them, and says what it has missed.
    """
    if session.execute(delete(consumers).where(consumers.c.consumer == consumer)).rowcount == 0:
        return False
    row = insert_new(session, retirements).values(consumer=consumer, retired_at=clock.now())
    again = row.on_conflict_do_update(index_elements=["consumer"], set_={"retired_at": row.excluded.retired_at})
    session.execute(again)
    log.warning("a consumer is retired", consumer=consumer)
    return True


def note_return(session: Session, consumer: str) -> None:
    """Says it when a consumer that reports for the first time has been retired: from now on it holds rows again."""
    if session.execute(delete(retirements).where(retirements.c.consumer == consumer)).rowcount:
        log.error("a retired consumer is back and registered again", consumer=consumer)


def retired(session: Session) -> list[str]:
    """The consumers that are retired, by name."""
    return list(session.scalars(select(retirements.c.consumer).order_by(retirements.c.consumer)))
