"""Between gunicorn and Socket.IO: keeps hold of the TCP connections that become WebSockets."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from services.realtime.live.assembly import Live


def note_upgrades(application: Callable, live: Live) -> Callable:
    """Has the gate know the connection to which a polling socket is upgraded."""

    def call(environ: dict[str, Any], start_response: Callable) -> Any:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket" and "gunicorn.socket" in environ:
            engine_sid = parse_qs(environ.get("QUERY_STRING", "")).get("sid", [""])[0]
            live.gate.note_connection(engine_sid, environ["gunicorn.socket"])
        return application(environ, start_response)

    return call
