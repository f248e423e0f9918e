"""The outbox as an operator reads it: found by type, key, trace and time, newest first, never all of it at once."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from shared.bus.tables import outbox
from shared.events import Envelope

SCANNED = 20_000
"""So many rows are looked through for one page; a page that found little then says where the next goes on."""
SKEW = timedelta(minutes=1)
"""Rows lie in the order of their sequence; the times that several processes gave them may differ by so much."""
COLUMNS = outbox.c.seq, outbox.c.partition, outbox.c.number, outbox.c.is_sent, outbox.c.envelope


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events; None asks for any."""

    type: str | None = None
    key: str | None = None
    trace_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """One event as the outbox keeps it; `number` is None until the relay has given it."""

    seq: int
    partition: int
    number: int | None
    is_sent: bool
    envelope: Envelope


def page(session: Session, wanted: Wanted, *, before: int | None, limit: int) -> tuple[list[Kept], int | None]:
    """Up to `limit` events older than `before`, newest first, and where the next page goes on; None at the end."""
    floor = first_since(session, wanted.since - SKEW) if wanted.since else 0
    ceiling = before if before is not None else (session.scalar(select(func.max(outbox.c.seq))) or 0) + 1
    edge = floor if wanted.trace_id else _edge(session, floor, ceiling)  # an index leads to a trace's few rows
    query = _filtered(select(*COLUMNS), wanted).where(outbox.c.seq >= edge, outbox.c.seq < ceiling)
    rows = session.execute(query.order_by(outbox.c.seq.desc()).limit(limit + 1)).all()
    found = [kept for kept in map(_kept, rows[:limit]) if wanted.key is None or wanted.key in _keys(kept.envelope)]
    if len(rows) > limit:
        return found, rows[limit - 1].seq
    return found, edge if _has_older(session, floor, edge) else None


def find(session: Session, event_id: str, *, is_carrier: bool = False) -> Kept | None:
    """The event of that id, while the outbox keeps it.

    An id tells when it was made, and so where to look: no index is kept for it, which every write would pay. Who
    carries events from outside (`is_carrier`) looks everywhere in the end: their ids may be old, or tell no time.
    """
    query = select(*COLUMNS).where(outbox.c.event_id == event_id).limit(1)
    made_at, row = _made_at(event_id), None
    if made_at:
        first, last = first_since(session, made_at - SKEW), first_since(session, made_at + SKEW)
        row = session.execute(query.where(outbox.c.seq >= first, outbox.c.seq < last)).one_or_none()
    if row is None and is_carrier:
        row = session.execute(query).one_or_none()
    return _kept(row) if row else None


def first_since(session: Session, instant: datetime) -> int:
    """From which sequence number on rows are of that instant or later: by halving, twenty look-ups in a million."""
    low, high = session.execute(select(func.min(outbox.c.seq), func.max(outbox.c.seq))).one()
    if low is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        probe = select(outbox.c.seq, outbox.c.created_at).where(outbox.c.seq >= middle).order_by(outbox.c.seq).limit(1)
        seq, created_at = session.execute(probe).one()
        if created_at >= instant:
            high = middle
        else:
            low = seq + 1
    return low


def _edge(session: Session, floor: int, ceiling: int) -> int:
    """Where the look through the rows below `ceiling` ends."""
    inside = select(outbox.c.seq).where(outbox.c.seq >= floor, outbox.c.seq < ceiling)
    last = inside.order_by(outbox.c.seq.desc()).offset(SCANNED - 1).limit(1)
    return session.scalar(last) or floor


def _has_older(session: Session, floor: int, edge: int) -> bool:
    older = select(outbox.c.seq).where(outbox.c.seq >= floor, outbox.c.seq < edge).limit(1)
    return session.scalar(older) is not None


def _filtered(query: Select, wanted: Wanted) -> Select:
    if wanted.type is not None:
        query = query.where(outbox.c.type == wanted.type)
    if wanted.trace_id is not None:
        query = query.where(outbox.c.trace_id == wanted.trace_id)
    if wanted.since is not None:
        query = query.where(outbox.c.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(outbox.c.created_at < wanted.until)
    if wanted.key is not None:  # the envelope's text may hold it elsewhere too: it is read to be sure
        query = query.where(outbox.c.envelope.contains(orjson.dumps(wanted.key).decode(), autoescape=True))
    return query


def _keys(envelope: Envelope) -> set[str]:
    return {envelope.key, envelope.subject, envelope.partition_key}


def _kept(row: Row) -> Kept:
    return Kept(row.seq, row.partition, row.number, row.is_sent, Envelope.from_json(row.envelope))


def _made_at(event_id: str) -> datetime | None:
    known = uuid.UUID(event_id)
    return datetime.fromtimestamp((known.int >> 80) / 1000, UTC) if known.version == 7 else None
