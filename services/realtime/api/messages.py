"""The messages of a room over HTTP."""

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from services.realtime.actions import messages
from services.realtime.errors import RoomNameInvalid
from services.realtime.schemas import MessagesQuery, MessageView, NewMessage, RoomName
from shared.identity import Identity
from shared.web import Page, Resource, decode_cursor, encode_cursor, endpoint

_room_name = TypeAdapter(RoomName)


class Messages(Resource):
    @endpoint(query=MessagesQuery, answer=Page[MessageView], problems=[RoomNameInvalid])
    def get(self, session: Session, room: str, query: MessagesQuery) -> Page[MessageView]:
        """List what was said in a room."""
        room, limit = named(room), query.limit + 1
        edge = decode_cursor(query.cursor, int)[0] if query.cursor else None
        if query.after is None:
            found = messages.latest(session, room=room, limit=limit, before=edge)
        else:
            found = messages.following(session, room=room, after=edge or query.after, limit=limit)
        items = [MessageView.of(message) for message in found[: query.limit]]
        return Page[MessageView](items=items, next=encode_cursor(items[-1].number) if len(found) == limit else None)

    @endpoint(body=NewMessage, answer=MessageView, status=201, problems=[RoomNameInvalid])
    def post(self, session: Session, room: str, body: NewMessage, identity: Identity) -> MessageView:
        """Say something in a room."""
        message = messages.post(
            session, room=named(room), author_id=identity.id, text=body.text, client_id=body.client_id
        )
        return MessageView.of(message)


def named(room: str) -> str:
    """The room's name; RoomNameInvalid where it can't be one."""
    try:
        return _room_name.validate_python(room)
    except ValidationError:
        raise RoomNameInvalid() from None
