"""Messages that can't be read: Socket.IO would log them and leave their sender waiting; here its socket is ended."""

from typing import Any

from flask_socketio import SocketIO

from services.realtime.assembly import Live
from shared.logs import get
from shared.problems import Malformed

BINARY = ("5", "6")
"""What a message begins with that says how many attachments follow; there may be any number."""

log = get("realtime")


def refuse_unreadable(socketio: SocketIO, live: Live) -> None:
    """Has a message that is no packet of Socket.IO, or binary, which no event takes, end its socket with the reason."""
    read = socketio.server.eio.handlers["message"]

    def take(engine_sid: str, message: Any) -> None:
        if isinstance(message, bytes) or str(message)[:1] in BINARY:
            live.gate.refuse(engine_sid, Malformed("Binary is taken by no event."))
            return
        try:
            read(engine_sid, message)
        except Exception as error:
            log.info("message not read", error=type(error).__name__)
            live.gate.refuse(engine_sid, Malformed("A message of this socket can't be read."))

    socketio.server.eio.on("message", take)
