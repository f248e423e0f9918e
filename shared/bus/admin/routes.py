"""Adds the operator's doors to a service's app."""

from shared.bus.admin.consumers import Consumer, Consumers
from shared.bus.admin.dead import DeadLetter, DeadLetters, PuttingBack, PuttingBackMany
from shared.bus.admin.events import OutboxEvent, OutboxEvents, Tail
from shared.bus.admin.replays import Replay, Replays
from shared.bus.admin.status import Status

RESOURCES = (
    ("status", Status),
    ("consumers", Consumers),
    ("consumers/<name>", Consumer),
    ("events", OutboxEvents),
    ("events/tail", Tail),
    ("events/<id:event_id>", OutboxEvent),
    ("dead", DeadLetters),
    ("dead/replay", PuttingBackMany),
    ("dead/<int:dead_id>", DeadLetter),
    ("dead/<int:dead_id>/replay", PuttingBack),
    ("replays", Replays),
    ("replays/<id:replay_id>", Replay),
)


def add_doors(app) -> None:
    """Serves them under /v1/bus/<service>/: for admins through the gateway, for the operator's command directly."""
    for path, resource in RESOURCES:
        app.extensions["api"].add_resource(resource, f"/v1/bus/{app.extensions['service']}/{path}")
