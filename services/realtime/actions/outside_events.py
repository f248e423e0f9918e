"""Outside events: taken as they were told, each once, and announced in realtime's own outbox."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

import orjson
from jsonschema import Draft202012Validator
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.realtime.errors import EventDataInvalid, EventForeign, EventIdReused, EventTypeUnknown
from services.realtime.models import EventType, ToldEvent
from services.realtime.outside.checking import validator_of, wrong_in_data
from services.realtime.outside.told import CloudEvent
from shared import clock
from shared.bus.source.outbox import announce_envelopes
from shared.database.inserting import insert_new

KEPT = timedelta(days=7)
"""How long an id is remembered: told again later, the event would be a new one."""
PRUNED_AT_ONCE = 5_000


def tell(session: Session, *, source: str, events: Sequence[CloudEvent]) -> None:
    """Announces all of the events that were not told before, or none where one of them can't be taken."""
    if any(event.source not in (None, source) or not event.type.startswith(f"{source}.") for event in events):
        raise EventForeign
    versions = _checked(session, events)
    ids = {event.id: event for event in events}
    new = {event.id for event in sorted(events, key=lambda one: one.id) if _is_new(session, source, event)}
    fresh = [event for event in ids.values() if event.id in new]
    if fresh:
        announce_envelopes(session, [event.envelope(source, versions[event.type]) for event in fresh])


def prune(session: Session) -> int:
    """Forgets a batch of ids that are remembered no longer; how many."""
    old = select(ToldEvent.source, ToldEvent.id).where(ToldEvent.told_at < clock.now() - KEPT).limit(PRUNED_AT_ONCE)
    gone = session.execute(old).all()
    for source, id_ in gone:
        session.execute(delete(ToldEvent).where(ToldEvent.source == source, ToldEvent.id == id_))
    return len(gone)


def _checked(session: Session, events: Sequence[CloudEvent]) -> dict[str, int]:
    """The version of each type; raises EventTypeUnknown or EventDataInvalid."""
    wanted = select(EventType).where(EventType.type.in_({event.type for event in events}))
    known = {row.type: row for row in session.scalars(wanted)}
    if unknown := [place for place, event in enumerate(events) if event.type not in known]:
        raise EventTypeUnknown(errors=[{"pointer": f"#/{place}/type", "detail": "Not registered"} for place in unknown])
    wrong = []
    for place, event in enumerate(events):
        validator = _validator(orjson.dumps(known[event.type].schema))
        wrong += wrong_in_data(validator, event.data, [place, "data"])
    if wrong:
        raise EventDataInvalid(errors=wrong[:50])
    return {type_: row.version for type_, row in known.items()}


@lru_cache(maxsize=200)
def _validator(schema: bytes) -> Draft202012Validator:
    return validator_of(orjson.loads(schema))


def _is_new(session: Session, source: str, event: CloudEvent) -> bool:
    """Whether the event was not told before; raises EventIdReused where another was told under its id."""
    row = {"source": source, "id": event.id, "digest": event.digest(), "told_at": clock.now()}
    table = ToldEvent.__table__
    added = insert_new(session, table).values(row).on_conflict_do_nothing().returning(table.c.id)
    if session.scalar(added) is not None:
        return True
    known = select(ToldEvent.digest).where(ToldEvent.source == source, ToldEvent.id == event.id)
    if session.scalar(known) != row["digest"]:
        raise EventIdReused(f"The id {event.id} was told before with another content.")
    return False
