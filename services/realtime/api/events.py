"""Events over HTTP, for services in any language: telling their own, reading those that they may."""

import time
from typing import Any

from flask import Response, current_app, request
from sqlalchemy.orm import Session

from services.realtime.actions import outside_events
from services.realtime.errors import (
    EventDataInvalid,
    EventForeign,
    EventIdReused,
    EventsNotReadable,
    EventTypeUnknown,
    InstanceEnding,
    LiveNotReady,
    OutsidersOnly,
    TooManyStreams,
)
from services.realtime.extensions import database, live
from services.realtime.offload import beside_the_loop
from services.realtime.outside import cursors
from services.realtime.outside.asked import BEGINNING, EventsQuery, EventsView, ToldView
from services.realtime.outside.cursors import Cursor
from services.realtime.outside.filters import TypeFilter
from services.realtime.outside.told import CloudEvents
from shared import draining
from shared.identity import Identity
from shared.web import Resource, endpoint
from shared.web.pages import InvalidCursor

STREAM = "text/event-stream"


class Events(Resource):
    @endpoint(
        access="any_service",
        body=CloudEvents,
        answer=ToldView,
        status=202,
        problems=[OutsidersOnly, EventForeign, EventTypeUnknown, EventDataInvalid, EventIdReused],
    )
    def post(self, session: Session, body: CloudEvents, identity: Identity) -> ToldView:
        """Tell one event or several; all of them or none."""
        if current_app.extensions["outsiders"].get(identity.id) is None:
            raise OutsidersOnly
        with database.reading() as reading:
            rules = outside_events.rules_for(reading, source=identity.id, events=body.root)
        beside_the_loop(outside_events.check, body.root, rules)  # before anything is locked
        outside_events.tell(session, source=identity.id, events=body.root, rules=rules)
        return ToldView(accepted=[event.id for event in body.root])

    @endpoint(
        access="any_service",
        query=EventsQuery,
        answer=EventsView,
        problems=[EventsNotReadable, InstanceEnding, InvalidCursor, LiveNotReady, TooManyStreams],
    )
    def get(self, query: EventsQuery, identity: Identity) -> EventsView | Response:
        """Read events on from a cursor, waiting for the next where there is none.

        With `Accept: text/event-stream` they come as a stream, whose `Last-Event-ID` is a cursor.
        """
        if draining.has_begun():
            raise InstanceEnding
        wanted = wanted_by(identity, query.patterns)
        if STREAM in request.headers.get("Accept", ""):
            cursor = started(request.headers.get("Last-Event-ID") or query.since)
            return as_stream(live.streams.open(identity.id, cursor, wanted))
        return awaited(started(query.since), wanted, query)


def wanted_by(identity: Identity, patterns: list[str]) -> TypeFilter:
    """What is asked for of that which the caller may read; raises EventsNotReadable where it asks for more."""
    outsider = current_app.extensions["outsiders"].get(identity.id)
    readable = TypeFilter([*outsider.reads, f"{outsider.name}.*"] if outsider else ["*"])
    if not all(readable.covers(pattern) for pattern in patterns):
        raise EventsNotReadable
    return TypeFilter(patterns) if patterns else readable


def started(since: str | None) -> Cursor:
    """The cursor that a reader begins with."""
    if since == BEGINNING:
        return {}
    return cursors.read(since) if since else live.reading.now()


def awaited(cursor: Cursor, wanted: TypeFilter, query: EventsQuery) -> EventsView:
    """The next events; what was only looked at and not wanted moves the cursor on all the same."""
    until = time.monotonic() + query.wait
    gaps: list[Any] = []
    while True:
        step = live.reading.step(cursor, wanted, query.limit)
        gaps += step.gaps
        left = until - time.monotonic()
        if step.events or gaps or left <= 0 or draining.has_begun():
            step.gaps = gaps
            return EventsView.of(step)
        cursor = step.cursor
        if not step.is_more:
            live.reading.wait(cursor, left)


def as_stream(lines: Any) -> Response:
    """A response whose body goes on; nobody on the way keeps or changes it."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(lines, mimetype=STREAM, headers=headers, direct_passthrough=True)
