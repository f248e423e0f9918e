"""Announcing: an event becomes a row in the caller's transaction; no commit without it, none of it without commit."""

from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy import insert
from sqlalchemy.orm import Session

from shared import clock, trace
from shared.bus.tables import outbox
from shared.database import after_commit
from shared.events import Envelope, Event
from shared.ids import new_id

PARTITIONS = 8
"""How many partitions a bus has unless BUS_PARTITIONS says otherwise; set once for a system's life."""

_INSERT = insert(outbox)
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


def announce(session: Session, event: Event, *, is_ordered: bool = False) -> None:
    """Writes one event to the outbox; see `announce_all`."""
    announce_all(session, [event], is_ordered=is_ordered)


def announce_all(session: Session, events: Sequence[Event], *, is_ordered: bool = False) -> None:
    """Writes events to the outbox in the caller's transaction, after what the session holds so far.

    Two writers of one order key are kept in the order of their commits: the flush takes their row's lock; on
    PostgreSQL an advisory lock on the key does where `is_ordered` does not vouch for such a row lock.
    """
    if not events:
        return
    session.flush()
    if not is_ordered and session.get_bind().dialect.name == "postgresql":
        _lock_keys(session, {event.order_key for event in events})
    session.execute(_INSERT, [_row(event, _partitions(session)) for event in events])
    wake_bus(session)


def announce_envelopes(session: Session, envelopes: Sequence[Envelope]) -> None:
    """Writes to the outbox what a service outside has told, under its own source and id (which need be no UUID)."""
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        _lock_keys(session, {envelope.key for envelope in envelopes})
    now, partitions = clock.now(), _partitions(session)
    rows = [_row_of(one, _as_uuid(one), _trace_id(one), now, partitions) for one in envelopes]
    session.execute(_INSERT, rows)
    wake_bus(session)


def wake_bus(session: Session) -> None:
    """Has the bus role poked after the commit: a hint, on a thread of its own."""
    if poke := session.info.get("poke"):
        after_commit(session, poke)


def partition_of(key: str, partitions: int) -> int:
    """The partition in which a partition key travels."""
    return crc32(key.encode()) % partitions


def _partitions(session: Session) -> int:
    return session.info.get("partitions", PARTITIONS)


def _lock_keys(session: Session, keys: set[str]) -> None:
    for key in sorted(keys):  # sorted: two writers of the same keys never wait for each other
        session.execute(_LOCK, {"key": key})


def _row(event: Event, partitions: int) -> dict:
    now, context = clock.now(), trace.current()
    envelope = Envelope(
        id=new_id(),
        source=event.source,
        type=event.type,
        subject=event.subject,
        time=clock.rfc3339(now),
        dataschema=event.schema_version,
        traceparent=context.traceparent,
        key=event.order_key,
        partition_key=event.partition_key,
        data=event.model_dump(mode="json"),
        actor=context.actor,
        causation=context.causation,
    )
    return _row_of(envelope, envelope.id, context.trace_id, now, partitions)


def _row_of(envelope: Envelope, event_id: str, trace_id: str, now: datetime, partitions: int) -> dict:
    return {
        "event_id": event_id,
        "type": envelope.type,
        "trace_id": trace_id,
        "partition": partition_of(envelope.partition_key, partitions),
        "envelope": envelope.to_json(),
        "created_at": now,
        "is_sent": False,
    }


def _as_uuid(envelope: Envelope) -> str:
    """The envelope's id, or the UUID that stands for an id of another form."""
    try:
        return str(UUID(envelope.id))
    except ValueError:
        return str(uuid5(NAMESPACE_URL, f"{envelope.source}/{envelope.id}"))


def _trace_id(envelope: Envelope) -> str:
    known = trace.parse(envelope.traceparent)
    return known[0] if known else ""
