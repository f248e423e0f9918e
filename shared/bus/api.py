"""The bus's internal routes: the feed for consumers, the state of the role for whoever watches it."""

from datetime import datetime

import orjson
from flask import Response, current_app, jsonify, request
from sqlalchemy import select

from shared.bus import feed
from shared.bus.consuming.consumer import FIRST_PARTITION
from shared.bus.leases import is_held
from shared.bus.source.answering import read_feed, take_report
from shared.bus.source.ranging import read_range
from shared.bus.source.relay import LEASE
from shared.bus.tables import outbox, waiting
from shared.problems import Malformed, Unavailable
from shared.web import Resource, endpoint


class NoNumbersYet(Unavailable):
    """The source's relay has not run yet, so its events have no numbers."""


def add_routes(app, bus) -> None:
    """Adds GET /internal/events and GET /readyz/bus, and gives the service's events to its trace."""

    @app.get("/readyz/bus")
    def ready() -> tuple[Response, int]:
        with bus.database.reading() as session:
            leads, handles = is_held(session, LEASE), is_held(session, FIRST_PARTITION)
        states = {"relay": "leading" if leads else "nobody leads"}
        states |= {"consumer": "handling" if handles else "nobody handles"}
        return jsonify(states), 200 if leads and handles else 503

    app.extensions["api"].add_resource(Events, "/internal/events")
    app.extensions["trace_sources"].append(traced_events)


class Events(Resource):
    """The feed: GET with after.<partition>=<number handled>; with types (since, until) about a range, for a replay."""

    @endpoint(access="service")
    def get(self, session, identity):
        """Give a consumer the events after the numbers that it has handled."""
        return answer_feed(session, identity.id)


def answer_feed(session, consumer: str) -> Response:
    """Answers the question in the request's query; the question is `consumer`'s report when it says so."""
    bus = current_app.extensions["bus"]
    incarnation = request.args.get("incarnation")
    numbers = _numbers()
    limit = min(request.args.get("limit", feed.LIMIT, type=int), feed.LIMIT)
    wanted = _range()
    if wanted:
        answer = read_range(session, bus.service, wanted, incarnation or "", numbers, limit=limit)
    else:
        answer = read_feed(session, bus.service, incarnation, numbers, limit=limit)
    if answer is None:
        raise NoNumbersYet(retry_after=1)
    if request.args.get("consumer") and not wanted:
        with bus.database.transaction() as writing:
            take_report(writing, consumer, answer, incarnation, numbers)
    return Response(orjson.dumps(feed.answer_document(answer)), mimetype="application/json")


def _numbers() -> dict[int, int]:
    try:
        return {int(k[6:]): int(v) for k, v in request.args.items() if k.startswith("after.")}
    except ValueError:
        raise Malformed("`after.<partition>` takes a number.") from None


def _range() -> feed.Range | None:
    """The range that a replay asks for; None in a question about what follows, which names no types."""
    types = tuple(request.args.getlist("types"))
    return feed.Range(types, _instant("since"), _instant("until")) if types else None


def _instant(name: str) -> datetime | None:
    text = request.args.get(name)
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        at = None
    if text and (at is None or at.tzinfo is None):
        raise Malformed(f"`{name}` is no RFC 3339 time.")
    return at


def traced_events(session, trace_id: str) -> list[dict]:
    """What the trace announced here, and what of it waits or is parked."""
    announced = select(outbox.c.created_at, outbox.c.type, outbox.c.event_id).where(outbox.c.trace_id == trace_id)
    entries = [
        {"at": row.created_at, "what": "event announced", "detail": f"{row.type} {row.event_id}"}
        for row in session.execute(announced.order_by(outbox.c.seq).limit(500))
    ]
    held = select(waiting.c.created_at, waiting.c.state, waiting.c.handler).where(
        waiting.c.envelope.contains(trace_id, autoescape=True)
    )
    return entries + [
        {"at": row.created_at, "what": f"event {row.state}", "detail": row.handler}
        for row in session.execute(held.limit(100))
    ]
