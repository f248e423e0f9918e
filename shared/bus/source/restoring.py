"""A source's database put back to a backup: how it is noticed, and how its events go on under a new incarnation."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.bus.decisions import numbers
from shared.bus.leases import revoke
from shared.bus.source import numbering
from shared.bus.tables import consumers, incarnations
from shared.logs import get

RELAY = "relay"

log = get("bus")


def take_over(session: Session, partitions: int, *, own: str | None, last: Mapping[int, int]) -> str:
    """Begins the incarnation of a relay that takes over, in the transaction that has checked its lease.

    A new one each time, so that no two processes give numbers under one name: whatever became of the database between
    them, numbers that a database now gone has given are void, and nothing has to notice it. `own` and `last` are the
    incarnation and the numbers that this very relay knows from before.
    """
    numbering.prepare(session, partitions)
    base = None
    if own and own == numbering.current_incarnation(session) and _is_contradicted(session, own):
        base = numbers.doubtful(_began(session, own), last, numbering.assigned(session))
        log.error("the database went back under a running relay: a new incarnation begins", base=dict(base))
    return numbering.begin_incarnation(session, base)


def note_contradiction(session: Session, incarnation: str, asked: Mapping[int, int]) -> None:
    """A consumer has handled more of the current incarnation than was ever given here: the relay takes over anew."""
    if numbers.was_restored(numbering.assigned(session), asked.items()):
        log.error("a consumer knows numbers that were never given here", incarnation=incarnation)
        revoke(session, RELAY)


def begin_after_restore(session: Session, partitions: int) -> str:
    """Marks a database that was put back, before its service runs again; the new incarnation."""
    revoke(session, RELAY)
    numbering.prepare(session, partitions)
    return numbering.begin_incarnation(session)


def _is_contradicted(session: Session, incarnation: str) -> bool:
    reported = select(consumers.c.partition, func.max(consumers.c.number)).where(consumers.c.incarnation == incarnation)
    rows = session.execute(reported.group_by(consumers.c.partition)).all()
    return numbers.was_restored(numbering.assigned(session), rows)


def _began(session: Session, incarnation: str) -> dict[int, int]:
    rows = select(incarnations.c.partition, incarnations.c.base).where(incarnations.c.incarnation == incarnation)
    return dict(session.execute(rows).all())
