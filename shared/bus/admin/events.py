"""GET events: the service's outbox, newest first; one event with its data; a tail that misses and doubles nothing."""

from flask import current_app
from sqlalchemy.orm import Session

from shared.bus.admin.errors import EventNotFound
from shared.bus.admin.event_shapes import EventsQuery, EventView, FullEventView, TailQuery, TailView, head
from shared.bus.source import history, numbering
from shared.bus.source.answering import read_feed
from shared.bus.transport import Entry
from shared.events import Envelope
from shared.events.base import OUTSIDE_CARRIER
from shared.identity import Identity
from shared.logs import get
from shared.web import InvalidCursor, Page, Resource, decode_cursor, encode_cursor, endpoint

log = get("operator")


class OutboxEvents(Resource):
    """The events that the service's outbox keeps."""

    @endpoint(access="operator", query=EventsQuery, answer=Page[EventView], problems=[InvalidCursor])
    def get(self, session: Session, query: EventsQuery) -> Page[EventView]:
        """List the events of the outbox, newest first.

        A page may hold few or none and still name a next one: it looks through so many rows at most.
        """
        before = decode_cursor(query.cursor, int)[0] if query.cursor else None
        wanted = history.Wanted(query.type, query.key, query.trace_id, query.since, query.until)
        found, edge = history.page(session, wanted, before=before, limit=query.limit)
        following = None if edge is None else encode_cursor(edge)
        return Page[EventView](items=[EventView.of(kept) for kept in found], next=following)


class OutboxEvent(Resource):
    """One event of the outbox."""

    @endpoint(access="operator", answer=FullEventView, problems=[EventNotFound])
    def get(self, session: Session, event_id: str, identity: Identity) -> FullEventView:
        """Show one event with its data, secrets redacted; who looked is logged."""
        is_carrier = current_app.extensions["bus"].service == OUTSIDE_CARRIER
        kept = history.find(session, event_id, is_carrier=is_carrier)
        if kept is None:
            raise EventNotFound
        log.info("event shown", event_id=event_id, event_type=kept.envelope.type, by=identity.actor)
        return FullEventView.of(kept)


class Tail(Resource):
    """The events as they are numbered, for who follows them."""

    @endpoint(access="operator", query=TailQuery, answer=TailView, problems=[InvalidCursor])
    def get(self, session: Session, query: TailQuery) -> TailView:
        """Follow the events in the order of their numbers.

        The cursor holds the number reached in each partition, so nothing comes twice and nothing is left out, also
        where the database was put back to a backup meanwhile.
        """
        service = current_app.extensions["bus"].service
        place = read_cursor(query.cursor) if query.cursor else begin(session, query.back)
        answer = read_feed(session, service, *place, limit=query.limit)
        is_lost = answer is not None and not answer.is_known
        if is_lost:  # an older database, which never knew where the tail was
            answer = read_feed(session, service, *begin(session, 0), limit=query.limit)
        if answer is None:
            return TailView(items=[], cursor=encode_cursor("", {}), is_more=False)
        reached = answer.start | {entry.partition: entry.number for entry in answer.entries}
        shown = sorted((tailed(entry) for entry in answer.entries), key=lambda one: (one.time, one.number))
        return TailView(
            items=[one for one in shown if query.type in (None, one.type)],
            cursor=encode_cursor(answer.incarnation, {str(p): n for p, n in reached.items()}),
            is_more=reached != answer.last,
            is_lost=is_lost,
        )


def begin(session: Session, back: int) -> tuple[str | None, dict[int, int]]:
    """A tail that goes on from now, or from so many events back in each partition."""
    last = numbering.assigned(session)
    return numbering.current_incarnation(session), {p: max(0, n - back) for p, n in last.items()}


def read_cursor(cursor: str) -> tuple[str | None, dict[int, int]]:
    """Incarnation and numbers of a tail's cursor, none of a source without numbers; raises InvalidCursor."""
    incarnation, numbers = decode_cursor(cursor, str, dict)
    if not all(name.isdecimal() and type(n) is int and 0 <= n < 2**63 for name, n in numbers.items()):
        raise InvalidCursor
    return incarnation or None, {int(name): n for name, n in numbers.items()}


def tailed(entry: Entry) -> EventView:
    """An event of the feed, without its data."""
    return EventView(partition=entry.partition, number=entry.number, **head(Envelope.from_json(entry.envelope)))
