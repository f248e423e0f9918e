"""Chat: entering a room with its history, saying something, leaving."""

from typing import Any

import gevent

from services.realtime.actions import messages
from services.realtime.errors import RoomNotJoined, TooManyRooms
from services.realtime.extensions import database, live
from services.realtime.limits import MAX_ROOMS
from services.realtime.live.connections import Connection
from services.realtime.schemas import ClientId, MessageView, Number, RoomName, Text
from services.realtime.sockets.doors import Body, on

HISTORY = 50
MISSED = 500


class Join(Body):
    room: RoomName
    after: Number | None = None


class Leave(Body):
    room: RoomName


class Send(Body):
    room: RoomName
    text: Text
    client_id: ClientId | None = None


@on("join", Join)
def join(connection: Connection, body: Join) -> dict[str, Any]:
    """Enters a room: its last messages, or those after the number that the client knows; what comes follows them."""
    if body.room not in connection.rooms and len(connection.rooms) >= MAX_ROOMS:
        raise TooManyRooms()
    connection.rooms.add(body.room)
    live.rooms.enter(connection.sid, body.room)  # before the history is read, so that nothing falls between
    try:
        history, known = read_history(body.room, body.after)
    except BaseException:
        leave_room(connection, body.room)
        raise
    gevent.spawn(live.rooms.settle, connection.sid, body.room, known)  # runs when the ack is on its way
    return {"history": history, "offset": known, "is_complete": len(history) < MISSED}


def read_history(room: str, after: int | None) -> tuple[list[dict[str, Any]], int]:
    """What the client gets at once, eldest first, and the number up to which it knows the room then."""
    with database.reading() as session:
        if after is None:
            found = messages.latest(session, room=room, limit=HISTORY)[::-1]
        else:
            found = messages.following(session, room=room, after=after, limit=MISSED)
        known = found[-1].number if found else messages.last_number(session, room=room)
        return [MessageView.of(message).model_dump(mode="json") for message in found], known


@on("send", Send)
def send(connection: Connection, body: Send) -> dict[str, Any]:
    """Says something in a room; under a client_id once, however often it is sent."""
    with database.transaction() as session:
        message = messages.post(
            session, room=body.room, author_id=connection.identity.id, text=body.text, client_id=body.client_id
        )
        return {"id": message.id, "number": message.number}


@on("leave", Leave)
def leave(connection: Connection, body: Leave) -> None:
    """Leaves a room."""
    if body.room not in connection.rooms:
        raise RoomNotJoined()
    leave_room(connection, body.room)


def leave_room(connection: Connection, room: str) -> None:
    connection.rooms.discard(room)
    live.rooms.leave(connection.sid, room)
