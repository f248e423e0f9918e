"""How a client's event becomes a call: who sends it, is it allowed now, is its body valid, and the ack."""

from collections.abc import Callable
from typing import Any

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError

from services.realtime.errors import BodyInvalid, EventUnknown, TooManyEvents
from services.realtime.extensions import live, socketio
from services.realtime.live.connections import Connection
from shared import trace
from shared.database.errors import is_passing
from shared.identity.problems import TokenRevoked
from shared.logs import get
from shared.problems import InternalError, Problem
from shared.web.errors import DatabaseUnavailable

Act = Callable[[Connection, Any], dict[str, Any] | None]

log = get("realtime")


class Body(BaseModel):
    """What comes with an event; unknown members are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


def on(event: str, body: type[Body]) -> Callable[[Act], Act]:
    """Registers a function (connection, body) for a client's event; what it gives back is the ack's "ok"."""

    def register(act: Act) -> Act:
        @socketio.on(event)
        def door(*arguments: Any) -> dict[str, Any]:
            return answer(event, lambda connection: act(connection, parse(body, arguments)))

        return act

    return register


@socketio.on("*")
def refuse(event: str, *_arguments: Any) -> dict[str, Any]:
    """Any event that no door takes."""
    return answer(event, _unknown)


def _unknown(_connection: Connection) -> None:
    raise EventUnknown()


def answer(event: str, act: Callable[[Connection], dict[str, Any] | None]) -> dict[str, Any]:
    """The ack: {"ok": ...}, or {"problem": ...} for whatever goes wrong."""
    connection = live.connections.find(request.sid)
    with trace.begin(actor=connection.identity.actor if connection else None):
        try:
            return {"ok": act(_admitted(connection)) or {}}
        except Problem as problem:
            log.info("event refused", socket_event=event[:40], code=problem.code)
            return {"problem": problem.to_dict()}
        except Exception as error:
            log.exception("an event failed", socket_event=event[:40])
            return {"problem": (DatabaseUnavailable() if is_passing(error) else InternalError()).to_dict()}


def _admitted(connection: Connection | None) -> Connection:
    if connection is None:
        raise TokenRevoked()
    if not connection.allowance.take():
        raise TooManyEvents()
    return connection


def parse(body: type[Body], arguments: tuple[Any, ...]) -> Body:
    """The event's body; BodyInvalid where it is not as it should be."""
    try:
        return body.model_validate(arguments[0] if arguments else {})
    except ValidationError as error:
        places = [
            {"pointer": "#/" + "/".join(map(str, one["loc"])), "detail": one["msg"]}
            for one in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise BodyInvalid(errors=places) from None
