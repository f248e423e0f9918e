"""Keeping: outbox rows go when every registered consumer is past them and the window has passed, or the cap is reached.

What a consumer still needs never goes, however large the outbox grows: such a consumer holds it back, which is said.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, literal, select
from sqlalchemy.orm import Session

from shared import clock
from shared.bus.decisions import retention
from shared.bus.source import measuring
from shared.bus.source.numbering import bases_since
from shared.bus.tables import consumers, incarnations, outbox, outbox_numbers

BATCH = 1_000
"""So many rows go in one transaction at most: on SQLite every writer waits for it."""
KEPT_INCARNATIONS = 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much an outbox keeps, and when a consumer that holds it back is an alarm."""

    window: timedelta = timedelta(hours=24)
    max_bytes: int = 2_000_000_000
    alarm_after: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class HoldingBack:
    """A consumer for which rows are kept that would go otherwise, or soon; `events` it has not reported."""

    consumer: str
    events: int
    oldest_at: datetime
    is_too_much: bool
    """Whether the outbox is above its cap meanwhile."""


def prune(session: Session, limits: Limits) -> int:
    """Deletes a batch of rows that nobody needs any more, as `retention.going` says; how many."""
    passed, spans = _passed(session), measuring.spans(session)
    size = measuring.size_of(session, spans)
    excess = max(0, sum(size.values()) - limits.max_bytes)
    left = BATCH
    for partition in sorted(spans, key=lambda p: -spans[p].rows):  # where most is kept first
        share = excess * size[partition] // max(1, sum(size.values()))
        rule = {"before": clock.now() - limits.window, "passed": passed.get(partition), "excess": share}
        left -= _prune_partition(session, partition, left, rule)
        if left <= 0:
            break
    _forget_incarnations(session)
    return BATCH - left


def holding_back(session: Session, limits: Limits) -> list[HoldingBack]:
    """The consumers that hold the outbox back, by name."""
    is_too_much = sum(measuring.size_of(session, measuring.spans(session)).values()) > limits.max_bytes
    found = []
    for consumer, reports in _by_consumer(session).items():
        waits = _not_passed(session, reports)
        events = sum(count for count, _ in waits)
        oldest_at = min((at for _, at in waits if at), default=None)
        if retention.holds_back(
            oldest_at=oldest_at, now=clock.now(), alarm_after=limits.alarm_after, is_too_much=is_too_much
        ):
            found.append(HoldingBack(consumer, events, oldest_at, is_too_much))
    return found


def _prune_partition(session: Session, partition: int, limit: int, rule: dict) -> int:
    """The eldest row first: as a rule it stays, and with it all the others, which then need not be read."""
    for count in (1, limit):
        rows = session.execute(_eldest(session, partition, count, is_measured=rule["excess"] > 0)).all()
        last, _ = retention.going(rows, **rule)
        if last is None:
            return 0
    return session.execute(delete(outbox).where(outbox.c.partition == partition, outbox.c.number <= last)).rowcount


def _eldest(session: Session, partition: int, limit: int, *, is_measured: bool):
    length = measuring.length(session) if is_measured else literal(0)
    rows = select(outbox.c.number, outbox.c.is_sent, outbox.c.created_at, length)
    kept = outbox.c.partition == partition, outbox.c.number.is_not(None)
    return rows.where(*kept).order_by(outbox.c.number).limit(limit)


def _passed(session: Session) -> dict[int, int]:
    reports = session.execute(select(consumers.c.partition, consumers.c.incarnation, consumers.c.number)).all()
    return retention.passed(reports, _bases(session, {incarnation for _, incarnation, _ in reports}))


def _bases(session: Session, names: Iterable[str]) -> dict[str, dict[int, int] | None]:
    return {incarnation: bases_since(session, incarnation) for incarnation in names}


def _by_consumer(session: Session) -> dict[str, dict[int, int]]:
    """Up to which number each consumer has handled each partition, as far as it still counts."""
    rows = session.execute(select(consumers).order_by(consumers.c.consumer)).all()
    bases = _bases(session, {row.incarnation for row in rows})
    found: dict[str, dict[int, int]] = {}
    for row in rows:
        found.setdefault(row.consumer, {}).update(
            retention.passed([(row.partition, row.incarnation, row.number)], bases)
        )
    return found


def _not_passed(session: Session, reports: dict[int, int]) -> list[tuple[int, datetime | None]]:
    """How many events of each partition are not reported, and of when the eldest of them is."""
    last = dict(session.execute(select(outbox_numbers.c.partition, outbox_numbers.c.assigned)).all())
    waits = []
    for partition, number in reports.items():
        if last.get(partition, 0) > number:
            following = outbox.c.partition == partition, outbox.c.number > number
            eldest = select(outbox.c.created_at).where(*following).order_by(outbox.c.number).limit(1)
            waits.append((last[partition] - number, session.scalar(eldest)))
    return waits


def _forget_incarnations(session: Session) -> None:
    newest = session.scalar(select(func.max(incarnations.c.ordinal)))
    if newest is None or newest <= KEPT_INCARNATIONS:
        return
    named = select(func.min(incarnations.c.ordinal)).where(
        incarnations.c.incarnation.in_(select(consumers.c.incarnation))
    )
    first = retention.forgotten(newest, KEPT_INCARNATIONS, session.scalar(named))
    session.execute(delete(incarnations).where(incarnations.c.ordinal < first))
