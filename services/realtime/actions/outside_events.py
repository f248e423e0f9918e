"""Outside events: taken as they were told, each once, and announced in realtime's own outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import orjson
from jsonschema import Draft202012Validator
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.realtime.errors import EventDataInvalid, EventForeign, EventIdReused, EventTypeUnknown
from services.realtime.models import EventType, ToldEvent
from services.realtime.outside.checking import wrong_in_data
from services.realtime.outside.told import CloudEvent
from services.realtime.outside.validating import validator_of
from shared import clock
from shared.bus.source.outbox import announce_envelopes
from shared.database.inserting import insert_new

KEPT = timedelta(days=7)
"""How long an id is remembered: told again later, the event would be a new one."""
PRUNED_AT_ONCE = 5_000
MOST_ERRORS = 50


@dataclass(frozen=True, slots=True)
class Rule:
    """A type's schema as it is now."""

    version: int
    schema: bytes


def rules_for(session: Session, *, source: str, events: Sequence[CloudEvent]) -> dict[str, Rule]:
    """The rules of the types that are told; raises EventForeign or EventTypeUnknown."""
    if any(event.source not in (None, source) or not event.type.startswith(f"{source}.") for event in events):
        raise EventForeign
    wanted = select(EventType).where(EventType.type.in_({event.type for event in events}))
    known = {row.type: Rule(row.version, orjson.dumps(row.schema)) for row in session.scalars(wanted)}
    if unknown := [place for place, event in enumerate(events) if event.type not in known]:
        raise EventTypeUnknown(errors=[{"pointer": f"#/{place}/type", "detail": "Not registered"} for place in unknown])
    return known


def check(events: Sequence[CloudEvent], rules: dict[str, Rule]) -> None:
    """Raises EventDataInvalid where an event's data is not as its rule says; it may take its time."""
    wrong: list[dict[str, str]] = []
    for place, event in enumerate(events):
        wrong += wrong_in_data(_validator(rules[event.type].schema), event.data, [place, "data"])
        if len(wrong) >= MOST_ERRORS:
            break
    if wrong:
        raise EventDataInvalid(errors=wrong[:MOST_ERRORS])


def tell(session: Session, *, source: str, events: Sequence[CloudEvent], rules: dict[str, Rule]) -> None:
    """Announces those of the checked events that were not told before; raises EventIdReused, and then tells none."""
    ids = {event.id: event for event in events}
    new = {event.id for event in sorted(events, key=lambda one: one.id) if _is_new(session, source, event)}
    fresh = [event for event in ids.values() if event.id in new]
    if fresh:
        announce_envelopes(session, [event.envelope(source, rules[event.type].version) for event in fresh])


def prune(session: Session) -> int:
    """Forgets a batch of ids that are remembered no longer; how many."""
    old = clock.now() - KEPT
    following = select(ToldEvent.told_at).where(ToldEvent.told_at < old).order_by(ToldEvent.told_at)
    edge = session.scalar(following.offset(PRUNED_AT_ONCE).limit(1)) or old
    return session.execute(delete(ToldEvent).where(ToldEvent.told_at < edge)).rowcount


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
