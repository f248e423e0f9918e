"""The types that services outside may tell, each with its schema; for admins."""

import re

from flask import current_app
from sqlalchemy.orm import Session

from services.realtime.actions import event_types
from services.realtime.errors import (
    EventSchemaBreaks,
    EventSchemaInvalid,
    EventTypeNameInvalid,
    EventTypeNotFound,
    EventTypeReserved,
)
from services.realtime.outside.asked import DataSchema, EventTypeView
from services.realtime.outside.told import TYPE_NAME
from shared.identity import Identity
from shared.web import Page, PageQuery, Resource, decode_cursor, encode_cursor, endpoint

NOT_OUTSIDE = {"operator", "quintet"}


class EventTypes(Resource):
    @endpoint(access="admin", query=PageQuery, answer=Page[EventTypeView])
    def get(self, session: Session, query: PageQuery) -> Page[EventTypeView]:
        """List the registered types by their names."""
        after = decode_cursor(query.cursor, str)[0] if query.cursor else ""
        found = event_types.listed(session, after=after, limit=query.limit + 1)
        items = [EventTypeView.of(row) for row in found[: query.limit]]
        return Page[EventTypeView](items=items, next=encode_cursor(items[-1].type) if len(found) > len(items) else None)


class EventType(Resource):
    @endpoint(access="admin", answer=EventTypeView, problems=[EventTypeNotFound])
    def get(self, session: Session, type_name: str) -> EventTypeView:
        """Show a registered type with its schema."""
        return EventTypeView.of(event_types.find(session, type_=type_name))

    @endpoint(
        access="admin",
        body=DataSchema,
        answer=EventTypeView,
        problems=[EventTypeNameInvalid, EventTypeReserved, EventSchemaInvalid, EventSchemaBreaks],
    )
    def put(self, session: Session, type_name: str, body: DataSchema, identity: Identity) -> EventTypeView:
        """Register a type of event under a schema, or change its schema so that nobody breaks."""
        row = event_types.register(session, type_=free(type_name), schema=body.root, admin_id=identity.id)
        return EventTypeView.of(row)


def free(name: str) -> str:
    """The name, where a service outside may have a type of it."""
    if re.fullmatch(TYPE_NAME, name) is None or len(name) > 120:
        raise EventTypeNameInvalid
    if name.split(".")[0] in {*current_app.extensions["settings"].sources, *NOT_OUTSIDE}:
        raise EventTypeReserved
    return name
