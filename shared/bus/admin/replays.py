"""Replays: ranges of a source's events that this service handles again, begun, followed, stopped."""

from flask import current_app
from sqlalchemy.orm import Session

from shared.bus import replaying
from shared.bus.admin.errors import ReplayImpossible, ReplayNotFound
from shared.bus.admin.replay_shapes import ReplayOrder, ReplayView
from shared.bus.consuming.handlers import Handlers
from shared.identity import Identity
from shared.logs import get
from shared.web import Page, Resource, endpoint

NEWEST = 50

log = get("operator")


class Replays(Resource):
    """The newest replays of this service."""

    @endpoint(access="operator", answer=Page[ReplayView])
    def get(self, session: Session) -> Page[ReplayView]:
        """List the newest replays with how far they are."""
        return Page[ReplayView](items=[ReplayView(**one) for one in replaying.progress(session, limit=NEWEST)])

    @endpoint(access="operator", body=ReplayOrder, answer=ReplayView, status=202, problems=[ReplayImpossible])
    def post(self, session: Session, body: ReplayOrder, identity: Identity) -> ReplayView:
        """Have a range of a source's events handled here again, in order per key.

        Only events that the service has handled before, and that the source still keeps. Effects happen again: a
        handler can tell by its envelope's `replay`.
        """
        check(body, current_app.extensions["bus"].handlers)
        replay_id = replaying.begin(
            session,
            source=body.source,
            types=body.types,
            since=body.since,
            until=body.until,
            handler=body.handler,
            asked_by=identity.actor,
        )
        log.warning("replay begun", replay=replay_id, source=body.source, types=body.types, by=identity.actor)
        return found(session, replay_id)


class Replay(Resource):
    """One replay."""

    @endpoint(access="operator", answer=ReplayView, problems=[ReplayNotFound])
    def get(self, session: Session, replay_id: str) -> ReplayView:
        """Tell how far a replay is."""
        return found(session, replay_id)

    @endpoint(access="operator", answer=ReplayView, problems=[ReplayNotFound])
    def delete(self, session: Session, replay_id: str, identity: Identity) -> ReplayView:
        """Stop a replay; what it has handled stays handled."""
        found(session, replay_id)
        if replaying.fail(session, replay_id, f"stopped by {identity.actor}"):
            log.warning("replay stopped", replay=replay_id, by=identity.actor)
        return found(session, replay_id)


def check(order: ReplayOrder, handlers: Handlers) -> None:
    """Raises ReplayImpossible where nothing here would handle the range."""
    if order.source not in handlers.sources:
        known = ", ".join(sorted(handlers.sources)) or "nobody"
        raise ReplayImpossible(f"{handlers.service} handles no events of {order.source}, but of {known}.")
    named = [one for one in handlers.all() if order.handler in (None, one.name)]
    if not named:
        known = ", ".join(sorted(one.name for one in handlers.all()))
        raise ReplayImpossible(f"{handlers.service} has no handler {order.handler}, but {known}.")
    handled = {type_ for one in named for type_ in one.events}
    if strange := [type_ for type_ in order.types if type_ not in handled]:
        raise ReplayImpossible(f"Nothing there handles {', '.join(strange)}.")


def found(session: Session, replay_id: str) -> ReplayView:
    """The replay of that id; raises ReplayNotFound."""
    rows = replaying.progress(session, limit=1, replay=replay_id)
    if not rows:
        raise ReplayNotFound
    return ReplayView(**rows[0])
