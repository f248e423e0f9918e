"""Opening, renewing and closing a socket."""

from typing import Any

from flask import request
from flask_socketio import ConnectionRefusedError as Refused
from pydantic import Field

from services.realtime.errors import AnotherUser, EventUnknown
from services.realtime.extensions import live, socketio
from services.realtime.live.connections import Connection
from services.realtime.live.gate import NAMESPACE
from services.realtime.sockets.doors import Body, on
from shared import trace
from shared.identity.problems import TokenMissing
from shared.logs import get
from shared.problems import InternalError, Problem

log = get("realtime")


class Authenticate(Body):
    token: str = Field(max_length=8000)


@socketio.on("connect")
def connect(auth: Any) -> None:
    """Lets in who shows a valid access token; refuses all others with the problem."""
    if live.connections.find(request.sid) is not None:  # a client's event of this name, not a handshake
        live.gate.cut(request.sid, EventUnknown())
        return
    with trace.begin(request.headers.get("traceparent")):
        try:
            open_socket(auth.get("token") if isinstance(auth, dict) else None)
        except Problem as problem:
            log.info("socket refused", code=problem.code)
            raise Refused(problem.title, problem.to_dict()) from None
        except Exception:
            log.exception("a socket could not be opened")
            raise Refused(InternalError.title, InternalError().to_dict()) from None


def open_socket(token: Any) -> None:
    """Takes the socket up under whoever's token that is; raises the problem where it is nobody's."""
    if not isinstance(token, str):
        raise TokenMissing('The handshake needs an access token: auth {"token": ...}.')
    identity = live.identify(token)
    live.connections.open(request.sid, identity)
    log.info("socket opened", user_id=identity.id)


@on("authenticate", Authenticate)
def authenticate(connection: Connection, body: Authenticate) -> dict[str, Any]:
    """Goes on under a newer token of the same user; what the user's role shows is judged anew."""
    identity = live.identify(body.token)
    if identity.id != connection.identity.id:
        raise AnotherUser()
    has_new_role = identity.role != connection.identity.role
    live.connections.renew(connection, identity)
    if has_new_role:
        for subscription in connection.subscriptions.values():
            live.records.review(subscription, identity)
    return {"expires_at": identity.expires_at.isoformat()}


@socketio.on("disconnect")
def disconnect(reason: str | None = None) -> None:
    """Forgets the socket and all that it listened to; ends one whose client only said so."""
    if socketio.server.manager.is_connected(request.sid, NAMESPACE):
        live.gate.cut(request.sid, EventUnknown())
        return
    connection = live.connections.close(request.sid)
    if connection is None:
        return
    for subscription in connection.subscriptions.values():
        live.records.unsubscribe(subscription)
    for room in connection.rooms:
        live.rooms.leave(connection.sid, room)
    log.info("socket closed", user_id=connection.identity.id, reason=reason)
