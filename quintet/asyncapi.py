"""The AsyncAPI 3 document of the events between services: `python -m quintet.asyncapi` prints it.

It is read off the catalogue and the handlers, like everything that is said about events.
"""

import importlib
import inspect
import json
import sys
from typing import Any

from quintet.state import ROOT, SERVICES
from shared.events import CATALOGUE, Event
from shared.events.schemas import catalogue_schemas

ENVELOPE = "envelope"
TEXT = {"type": "string"}
DESCRIPTION = """What services tell each other. Each event is a CloudEvents 1.0 envelope in JSON, relayed from its
source's outbox: once for each handling service, and in order within each `key`. Services outside tell and read
them over HTTP, with POST and GET /v1/events."""


def document() -> dict[str, Any]:
    """Channels by the type of event, what goes through them, which service sends and which receive it."""
    kinds = {kind: CATALOGUE[kind] for kind in catalogue_schemas()}
    receivers = {service: sorted(set(heard_by(service)) & kinds.keys()) for service in SERVICES}
    sends = {f"{cls.source}.sends.{kind}": _operation("send", kind) for kind, cls in kinds.items()}
    receives = {
        f"{service}.receives.{kind}": _operation("receive", kind)
        for service, heard in receivers.items()
        for kind in heard
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Quintet's events", "version": "1", "description": DESCRIPTION},
        "defaultContentType": "application/cloudevents+json",
        "channels": {kind: _channel(kind, cls) for kind, cls in kinds.items()},
        "operations": {**sends, **receives},
        "components": {
            "messages": {kind: _message(kind, cls) for kind, cls in kinds.items()},
            "schemas": {ENVELOPE: _envelope(), **_schemas(kinds)},
        },
    }


def heard_by(service: str) -> list[str]:
    """The types that a service's handlers take; realtime's instances take some for their sockets as well."""
    if (ROOT / "services" / service / "handlers.py").is_file():
        types = importlib.import_module(f"services.{service}.handlers").handlers.types
    else:
        types = importlib.import_module(f"services.{service}.app").service.handlers.types
    if service == "realtime":
        hub = importlib.import_module("services.realtime.live.hub").Hub
        types = [*types, *hub.heard()]
    return types


def _channel(kind: str, cls: type[Event]) -> dict[str, Any]:
    messages = {kind: {"$ref": f"#/components/messages/{kind}"}}
    return {"address": kind, "title": kind, "description": _words(cls), "messages": messages}


def _operation(action: str, kind: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{kind}"},
        "messages": [{"$ref": f"#/channels/{kind}/messages/{kind}"}],
    }


def _message(kind: str, cls: type[Event]) -> dict[str, Any]:
    own = {"type": {"const": kind}, "source": {"const": cls.source}, "dataschema": {"const": cls.schema_version}}
    data = {"data": {"$ref": f"#/components/schemas/{kind}"}}
    payload = {"allOf": [{"$ref": f"#/components/schemas/{ENVELOPE}"}, {"type": "object", "properties": own | data}]}
    return {"name": kind, "title": cls.__name__, "summary": _words(cls).split("\n")[0], "payload": payload}


def _schemas(kinds: dict[str, type[Event]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, cls in kinds.items():
        schema = cls.model_json_schema(ref_template=f"#/components/schemas/{kind}.{{model}}")
        found |= {f"{kind}.{name}": one for name, one in schema.pop("$defs", {}).items()}
        found[kind] = schema
    return found


def _envelope() -> dict[str, Any]:
    optional = {"actor": "Who caused it: users/<id> or services/<name>", "causation": "The event or request behind it"}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "traceparent", "key", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": TEXT | {"description": "With the source, the event's own; the same when it comes twice"},
            "source": TEXT | {"description": "The service that tells it"},
            "type": TEXT,
            "subject": TEXT | {"description": "What it is about, as a path"},
            "time": TEXT | {"format": "date-time"},
            "dataschema": {"type": "integer", "description": "The schema's version; `dataversion` over HTTP"},
            "traceparent": TEXT | {"description": "The W3C trace that it belongs to"},
            "key": TEXT | {"description": "Events of one key keep their order"},
            "partition_key": TEXT | {"description": "Those of one travel together; `partitionkey` over HTTP"},
            **{name: {"type": ["string", "null"], "description": words} for name, words in optional.items()},
            "data": {"type": "object"},
        },
    }


def _words(cls: type[Event]) -> str:
    return inspect.cleandoc(cls.__doc__ or "")


def text() -> str:
    """The document as docs/asyncapi.json holds it."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
