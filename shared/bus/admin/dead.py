"""Dead letters: listed, shown, put back to be tried again, dropped; who did it is logged."""

from sqlalchemy import Row
from sqlalchemy.orm import Session

from shared.bus.admin.dead_shapes import DeadQuery, DeadView, FullDeadView, PutBack, PutBackMany, PutBackOrder
from shared.bus.admin.errors import DeadLetterNotFound, DeadLetterWaits
from shared.bus.consuming import dead
from shared.events import Envelope
from shared.identity import Identity
from shared.logs import get
from shared.web import InvalidCursor, Page, Resource, decode_cursor, encode_cursor, endpoint

NOT_PARKED = (DeadLetterNotFound, DeadLetterWaits)

log = get("operator")


class DeadLetters(Resource):
    """Events that a handler of this service gave up."""

    @endpoint(access="operator", query=DeadQuery, answer=Page[DeadView], problems=[InvalidCursor])
    def get(self, session: Session, query: DeadQuery) -> Page[DeadView]:
        """List dead letters, newest first."""
        before = decode_cursor(query.cursor, int)[0] if query.cursor else None
        wanted = dead.Wanted(query.handler, query.type, query.state)
        rows, edge = dead.page(session, wanted, before=before, limit=query.limit)
        following = None if edge is None else encode_cursor(edge)
        return Page[DeadView](items=[DeadView.of(row) for row in rows], next=following)


class DeadLetter(Resource):
    """One event that a handler could not take."""

    @endpoint(access="operator", answer=FullDeadView, problems=[DeadLetterNotFound])
    def get(self, session: Session, dead_id: int, identity: Identity) -> FullDeadView:
        """Show one with its event's data, secrets redacted; who looked is logged."""
        row = found(session, dead_id)
        note(log.info, "dead letter shown", row, identity)
        return FullDeadView.of_row(row, dead.queued_behind(session, row))

    @endpoint(access="operator", status=204, problems=NOT_PARKED)
    def delete(self, session: Session, dead_id: int, identity: Identity) -> None:
        """Drop one for good: its handler will never see the event."""
        row = found(session, dead_id)
        if not dead.drop(session, dead_id):
            raise DeadLetterWaits
        note(log.warning, "dead letter dropped", row, identity)


class PuttingBack(Resource):
    """One dead letter to be tried again."""

    @endpoint(access="operator", answer=PutBack, problems=NOT_PARKED)
    def post(self, session: Session, dead_id: int, identity: Identity) -> PutBack:
        """Put one back in its place to be tried again."""
        row = found(session, dead_id)
        if not dead.replay(session, [dead_id]):
            raise DeadLetterWaits
        note(log.warning, "dead letter put back", row, identity)
        return PutBack(id=dead_id, queued_behind=dead.queued_behind(session, row))


class PuttingBackMany(Resource):
    """Dead letters to be tried again."""

    @endpoint(access="operator", body=PutBackOrder, answer=PutBackMany)
    def post(self, session: Session, body: PutBackOrder, identity: Identity) -> PutBackMany:
        """Put a bounded number back, the eldest first."""
        ids, following = dead.eldest(session, dead.Wanted(body.handler, body.type), after=body.after, limit=body.limit)
        done = dead.replay(session, ids)
        told = {"handler": body.handler, "event_type": body.type, "by": identity.actor}
        log.warning("dead letters put back", count=len(done), dead_ids=done, **told)
        return PutBackMany(ids=done, next=following)


def found(session: Session, dead_id: int) -> Row:
    """The row of that id, parked or waiting; raises DeadLetterNotFound."""
    row = dead.find(session, dead_id) if dead_id < 2**63 else None
    if row is None:
        raise DeadLetterNotFound
    return row


def note(write, what: str, row: Row, identity: Identity) -> None:
    """Logs what was done to which event, and by whom."""
    event_id = Envelope.from_json(row.envelope).id
    write(what, dead_id=row.id, handler=row.handler, event_id=event_id, by=identity.actor)
