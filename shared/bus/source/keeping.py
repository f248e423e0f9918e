"""Keeping: outbox rows go when every registered consumer is past them and the window has passed."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shared import clock
from shared.bus.decisions import retention
from shared.bus.source.numbering import bases_since
from shared.bus.tables import consumers, outbox, outbox_numbers

BATCH = 2_000


def prune(session: Session, window: timedelta) -> int:
    """Deletes a batch of rows that nobody needs any more, as `retention.may_go` says; how many."""
    passed = _passed(session)
    before, gone = clock.now() - window, 0
    for partition in session.scalars(select(outbox_numbers.c.partition)).all():
        old = (
            select(outbox.c.seq)
            .where(outbox.c.partition == partition, outbox.c.is_sent, outbox.c.created_at < before)
            .where(outbox.c.number <= passed[partition] if partition in passed else outbox.c.number.is_not(None))
            .order_by(outbox.c.number)
            .limit(BATCH)
        )
        gone += session.execute(delete(outbox).where(outbox.c.seq.in_(old))).rowcount
    return gone


def _passed(session: Session) -> dict[int, int]:
    reports = session.execute(select(consumers.c.partition, consumers.c.incarnation, consumers.c.number)).all()
    bases = {incarnation: bases_since(session, incarnation) for _, incarnation, _ in set(reports)}
    return retention.passed(reports, bases)
