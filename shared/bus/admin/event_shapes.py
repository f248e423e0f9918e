"""What the doors to a service's outbox take and give. Lists never hold an event's data."""

from datetime import datetime
from typing import Any

from pydantic import Field

from shared.bus.admin.instants import Instant
from shared.bus.redaction import shown_data
from shared.bus.source.history import Kept
from shared.events import Envelope
from shared.web.pages import PageQuery
from shared.web.shapes import Output, Query

MOST_SHOWN = 200


class EventView(Output):
    """An event without its data."""

    id: str
    type: str
    subject: str
    key: str
    time: datetime
    source: str
    partition: int
    number: int | None = Field(description="Null until the relay has given it")
    is_sent: bool | None = Field(None, description="Whether the broker was told; null in a tail")
    trace_id: str
    actor: str | None
    causation: str | None

    @classmethod
    def of(cls, kept: Kept) -> "EventView":
        """An event of the outbox."""
        return cls(partition=kept.partition, number=kept.number, is_sent=kept.is_sent, **head(kept.envelope))


class FullEventView(EventView):
    """An event with its data; sealed fields, and whatever is named like a secret, are redacted."""

    data: dict[str, Any]

    @classmethod
    def of(cls, kept: Kept) -> "FullEventView":
        return cls(**EventView.of(kept).model_dump(), data=shown_data(kept.envelope))


class TailView(Output):
    """Events in the order of their numbers, and the cursor from which the tail goes on."""

    items: list[EventView]
    cursor: str
    is_more: bool
    is_lost: bool = Field(False, description="The database was put back to one that never knew the cursor: from now on")


class EventsQuery(PageQuery):
    """Which events of the outbox, newest first."""

    limit: int = Field(50, ge=1, le=MOST_SHOWN, description="How many at most")
    type: str | None = Field(None, max_length=120, description="Of this type")
    key: str | None = Field(None, max_length=200, description="Whose order key, partition key or subject is this")
    trace_id: str | None = Field(None, pattern="^[0-9a-f]{32}$", description="Of this trace")
    since: Instant | None = Field(None, description="Announced from this time on")
    until: Instant | None = Field(None, description="Announced before this time")


class TailQuery(Query):
    """From where the tail goes on."""

    cursor: str | None = Field(None, max_length=2048, description="The `cursor` of the answer before")
    back: int = Field(0, ge=0, le=MOST_SHOWN, description="Without a cursor: from so many back in each partition")
    type: str | None = Field(None, max_length=120, description="Only of this type")
    limit: int = Field(MOST_SHOWN, ge=1, le=MOST_SHOWN, description="How many at most")


def head(envelope: Envelope) -> dict[str, Any]:
    """What a list may tell of an event."""
    names = ("id", "type", "subject", "key", "source", "time", "actor", "causation")
    return {name: getattr(envelope, name) for name in names} | {"trace_id": envelope.traceparent[3:35]}
