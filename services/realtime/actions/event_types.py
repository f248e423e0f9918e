"""Types of outside events: registered with a schema, changed only so that nobody breaks."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.realtime.errors import EventSchemaBreaks, EventSchemaInvalid, EventTypeNotFound
from services.realtime.models import EventType
from services.realtime.outside.checking import breaks, wrong_in_schema
from shared import clock
from shared.database.inserting import insert_new


def register(session: Session, *, type_: str, schema: dict[str, Any], admin_id: str) -> EventType:
    """The type under this schema from now on; raises EventSchemaInvalid or EventSchemaBreaks."""
    if wrong := wrong_in_schema(schema):
        raise EventSchemaInvalid(errors=wrong)
    now = clock.now()
    row = {"type": type_, "schema": schema, "version": 1, "registered_by": admin_id}
    row |= {"created_at": now, "updated_at": now}
    session.execute(insert_new(session, EventType.__table__).values(row).on_conflict_do_nothing())
    known = session.get(EventType, type_, with_for_update=True)
    assert known is not None
    if known.schema != schema:
        if slips := breaks(type_, known.schema, schema):
            raise EventSchemaBreaks(errors=[{"pointer": "#/schema", "detail": slip} for slip in slips])
        known.schema, known.version, known.registered_by, known.updated_at = schema, known.version + 1, admin_id, now
    return known


def find(session: Session, *, type_: str) -> EventType:
    """The type of that name; raises EventTypeNotFound."""
    found = session.get(EventType, type_)
    if found is None:
        raise EventTypeNotFound
    return found


def listed(session: Session, *, after: str, limit: int) -> list[EventType]:
    """Types in the order of their names, behind `after`."""
    wanted = select(EventType).where(EventType.type > after).order_by(EventType.type).limit(limit)
    return list(session.scalars(wanted))
