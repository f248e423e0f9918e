"""How a service's bus stands, in plain values: what the operator's doors, the metrics and the alarms all tell.

Every number costs a few index look-ups. Numbers are dense, so a difference of two numbers is a count of events; what
must be counted is counted up to COUNTED.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from shared import clock
from shared.bus.leases import holder
from shared.bus.source import measuring, numbering
from shared.bus.source.keeping import HoldingBack, Limits, holding_back
from shared.bus.source.relay import LEASE
from shared.bus.tables import consumers, missed, outbox, positions, waiting

COUNTED = 100_000
"""No count goes beyond this: a longer queue is just as late."""
LISTED = 50


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """Who numbers and tells the service's events; nobody where `leader` is None."""

    leader: str | None
    generation: int
    incarnation: str | None


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """The outbox: rows that are kept, those without a number yet, those that the broker was not told."""

    rows: int
    unnumbered: int
    unsent: int
    oldest_unsent_at: datetime | None
    oldest_at: datetime | None
    bytes: int
    """About how much the rows take, measured on a sample."""


@dataclass(frozen=True, slots=True)
class MissedStatus:
    """Events of a source that this service can never handle: they were gone before it asked for them."""

    source: str
    partition: int
    after: int
    up_to: int
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class ConsumerStatus:
    """How far a consumer has reported to be in one of this source's partitions; `lag` counts events."""

    consumer: str
    partition: int
    number: int
    given: int
    lag: int
    oldest_unhandled_at: datetime | None
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class PositionStatus:
    """How far this service itself has handled a source's partition; `starts` counts begun tries of the next event."""

    source: str
    partition: int
    incarnation: str
    number: int
    starts: int


@dataclass(frozen=True, slots=True)
class HeldStatus:
    """What one handler could not take: events that wait for another try, events that are parked."""

    handler: str
    waiting: int
    parked: int
    oldest_waiting_at: datetime | None
    oldest_parked_at: datetime | None


@dataclass(frozen=True, slots=True)
class CommandStatus:
    """One table of commands. Overdue is what should have begun a resend's time ago, or whose worker was lost then."""

    task: str
    queued: int
    running: int
    overdue: int
    oldest_due_at: datetime | None
    """Since when the command that waits longest could have begun, or begun anew after its worker was lost."""


@dataclass(frozen=True, slots=True)
class BusStatus:
    """All of it, at one instant."""

    service: str
    at: datetime
    relay: RelayStatus
    outbox: OutboxStatus
    given: dict[int, int]
    """The last number given, by partition."""
    consumers: list[ConsumerStatus]
    positions: list[PositionStatus]
    held: list[HeldStatus]
    commands: list[CommandStatus]
    holding: list[HoldingBack]
    """Consumers that hold the outbox back."""
    missed: list[MissedStatus]
    """The newest LISTED of them."""


def read_status(
    session: Session, service: str, commands: Sequence[Any] = (), limits: Limits | None = None
) -> BusStatus:
    """Reads how the bus of `service` stands; `commands` are its tables of commands, `limits` those of its outbox."""
    given = numbering.assigned(session)
    return BusStatus(
        service=service,
        at=clock.now(),
        relay=_relay(session),
        outbox=_outbox(session),
        given=dict(sorted(given.items())),
        consumers=_consumers(session, given),
        positions=_positions(session),
        held=_held(session),
        commands=[one.status(session) for one in commands],
        holding=holding_back(session, limits or Limits()),
        missed=_missed(session),
    )


def _relay(session: Session) -> RelayStatus:
    lease = holder(session, LEASE)
    leader = lease.owner if lease and lease.lease_until > clock.now() else None
    return RelayStatus(leader, lease.generation if lease else 0, numbering.current_incarnation(session))


def _outbox(session: Session) -> OutboxStatus:
    """Rows of a partition run from its oldest number to the last given, so they need no counting."""
    spans = measuring.spans(session)
    without = select(outbox.c.seq).where(outbox.c.number.is_(None)).order_by(outbox.c.seq)  # as their index is
    unnumbered = _count(session, without)
    unsent = _count(session, select(outbox.c.seq).where(numbering.UNSENT))
    eldest = select(outbox.c.created_at).order_by(outbox.c.seq).limit(1)
    return OutboxStatus(
        rows=sum(span.rows for span in spans.values()) + unnumbered,
        unnumbered=unnumbered,
        unsent=min(COUNTED, unnumbered + unsent),
        oldest_unsent_at=_oldest_unsent(session),
        oldest_at=session.scalar(eldest),
        bytes=sum(measuring.size_of(session, spans).values()),
    )


def _oldest_unsent(session: Session) -> datetime | None:
    """The eldest of each partition's first, and of the first without a number: no other can be older."""
    firsts = [
        select(outbox.c.created_at)
        .where(numbering.UNSENT, outbox.c.partition == partition)
        .order_by(outbox.c.number)
        .limit(1)
        for partition in numbering.assigned(session)
    ]
    firsts.append(select(outbox.c.created_at).where(outbox.c.number.is_(None)).order_by(outbox.c.seq).limit(1))
    found = [session.scalar(first) for first in firsts]
    return min((at for at in found if at is not None), default=None)


def _consumers(session: Session, given: dict[int, int]) -> list[ConsumerStatus]:
    following = (
        select(outbox.c.created_at)
        .where(outbox.c.partition == consumers.c.partition, outbox.c.number > consumers.c.number)
        .order_by(outbox.c.number)
        .limit(1)
        .correlate(consumers)
        .scalar_subquery()
    )
    wanted = select(consumers, following.label("oldest")).order_by(consumers.c.consumer, consumers.c.partition)
    return [
        ConsumerStatus(
            consumer=row.consumer,
            partition=row.partition,
            number=row.number,
            given=given.get(row.partition, 0),
            lag=max(0, given.get(row.partition, 0) - row.number),
            oldest_unhandled_at=row.oldest,
            reported_at=row.reported_at,
        )
        for row in session.execute(wanted)
    ]


def _positions(session: Session) -> list[PositionStatus]:
    rows = session.execute(select(positions).order_by(positions.c.source, positions.c.partition))
    return [PositionStatus(row.source, row.partition, row.incarnation, row.number, row.attempts) for row in rows]


def _held(session: Session) -> list[HeldStatus]:
    """Of the first COUNTED rows, so that the oldest is among them."""
    some = select(waiting.c.handler, waiting.c.state, waiting.c.created_at).order_by(waiting.c.id).limit(COUNTED)
    one = some.subquery()
    groups = select(one.c.handler, one.c.state, func.count(), func.min(one.c.created_at))
    found = {(name, state): rest for name, state, *rest in session.execute(groups.group_by(one.c.handler, one.c.state))}
    held = []
    for handler in sorted({name for name, _ in found}):
        waits, waits_since = found.get((handler, "waiting"), (0, None))
        parked, parked_since = found.get((handler, "parked"), (0, None))
        held.append(HeldStatus(handler, waits, parked, waits_since, parked_since))
    return held


def _missed(session: Session) -> list[MissedStatus]:
    columns = missed.c.source, missed.c.partition, missed.c.after, missed.c.up_to, missed.c.noticed_at
    rows = session.execute(select(*columns).order_by(missed.c.id.desc()).limit(LISTED))
    return [MissedStatus(*row) for row in rows]


def _count(session: Session, rows: Select) -> int:
    return session.scalar(select(func.count()).select_from(rows.limit(COUNTED).subquery())) or 0
