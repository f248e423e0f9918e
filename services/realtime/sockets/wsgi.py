"""Between gunicorn and Socket.IO: keeps hold of connections that become WebSockets, has refusals be problems."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import orjson

from services.realtime.assembly import Live
from services.realtime.errors import InstanceEnding, LiveNotReady
from shared import draining
from shared.problems import Malformed, MethodNotAllowed

REFUSALS = {"400": Malformed, "405": MethodNotAllowed}


def note_upgrades(application: Callable, live: Live) -> Callable:
    """Has the gate know the connection to which a polling socket is upgraded."""

    def call(environ: dict[str, Any], start_response: Callable) -> Any:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket" and "gunicorn.socket" in environ:
            live.gate.note_connection(engine_sid(environ), environ["gunicorn.socket"])
        return application(environ, start_response)

    return call


def turn_away(application: Callable, live: Live) -> Callable:
    """Has an instance that ends, or has not begun yet, refuse all but its own sockets; the gateway asks another one."""

    def call(environ: dict[str, Any], start_response: Callable) -> Any:
        is_of_sockets = environ["PATH_INFO"].startswith("/socket.io")
        if not is_of_sockets or not (draining.has_begun() or live.missing) or live.gate.holds(engine_sid(environ)):
            return application(environ, start_response)
        problem = InstanceEnding() if draining.has_begun() else LiveNotReady()
        headers = [*problem.headers.items(), ("Content-Type", "application/problem+json")]
        start_response("503 Service Unavailable", headers)
        return [orjson.dumps(problem.to_dict())]

    return call


def speak_problems(application: Callable) -> Callable:
    """Has what Engine.IO refuses in plain text be answered as a problem, in its own words; all else passes."""

    def call(environ: dict[str, Any], start_response: Callable) -> Any:
        refusals: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if status[:3] in REFUSALS and ("Content-Type", "text/plain") in headers:
                refusals.append((status, [one for one in headers if not one[0].startswith("Content-")]))
                return None
            return start_response(status, headers, *more)

        body = application(environ, start)
        if not refusals:
            return body
        [(status, headers)] = refusals
        problem = REFUSALS[status[:3]](b"".join(body).decode().strip('"') + ".")
        start_response(status, [*headers, ("Content-Type", "application/problem+json")])
        return [orjson.dumps(problem.to_dict())]

    return call


def engine_sid(environ: dict[str, Any]) -> str:
    """The Engine.IO session that a request is of; empty where it begins one."""
    return parse_qs(environ.get("QUERY_STRING", "")).get("sid", [""])[0]
