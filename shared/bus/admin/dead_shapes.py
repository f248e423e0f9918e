"""What the doors to dead letters take and give. Lists never hold an event's data."""

from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import Row

from shared.bus.admin.event_shapes import MOST_SHOWN, head
from shared.bus.consuming.dead import Held
from shared.bus.redaction import shown_data
from shared.events import Envelope
from shared.web.pages import PageQuery
from shared.web.shapes import Input, Output

LATE = (
    "It is tried again within a second or two. Events of its key that came while it was parked have gone on: "
    "its handler meets it late."
)
OF_THE_EVENT = ("type", "subject", "key", "source", "time", "trace_id")
OF_THE_ROW = ("id", "handler", "state", "attempts", "last_error", "partition")


class DeadView(Output):
    """An event that a handler could not take, without its data."""

    id: int
    handler: str
    state: Held
    attempts: int
    last_error: str | None
    held_since: datetime
    next_try_at: datetime | None = Field(description="Null for one that is parked")
    event_id: str
    type: str
    subject: str
    key: str
    source: str
    time: datetime
    partition: int
    trace_id: str

    @classmethod
    def of(cls, row: Row) -> "DeadView":
        """A row of `waiting`."""
        envelope = Envelope.from_json(row.envelope)
        event = head(envelope)
        return cls(
            **{name: event[name] for name in OF_THE_EVENT},
            **{name: getattr(row, name) for name in OF_THE_ROW},
            event_id=envelope.id,
            held_since=row.created_at,
            next_try_at=row.run_at if row.state == "waiting" else None,
        )


class FullDeadView(DeadView):
    """A dead letter with its event's data; sealed fields, and whatever is named like a secret, are redacted."""

    data: dict[str, Any]
    queued_behind: int = Field(description="How many younger events of its handler and key wait")

    @classmethod
    def of_row(cls, row: Row, queued_behind: int) -> "FullDeadView":
        """A row of `waiting`, and what waits behind it."""
        data = shown_data(Envelope.from_json(row.envelope))
        return cls(**DeadView.of(row).model_dump(), data=data, queued_behind=queued_behind)


class PutBack(Output):
    """A dead letter that waits again."""

    id: int
    queued_behind: int = Field(description="How many younger events of its handler and key wait for it now")
    note: str = LATE


class PutBackMany(Output):
    """Dead letters that wait again."""

    ids: list[int]
    next: int | None = Field(description="The `after` of the request that goes on; null at the end")
    note: str = LATE


class DeadQuery(PageQuery):
    """Which dead letters, newest first."""

    limit: int = Field(50, ge=1, le=MOST_SHOWN, description="How many at most")
    handler: str | None = Field(None, max_length=120, description="Of this handler")
    type: str | None = Field(None, max_length=120, description="Of events of this type")
    state: Held = Field("parked", description="`waiting` shows those that are still tried")


class PutBackOrder(Input):
    """Which dead letters to put back, the eldest first."""

    handler: str | None = Field(None, max_length=120)
    type: str | None = Field(None, max_length=120)
    after: int = Field(0, ge=0, le=2**63 - 1, description="The `next` of the answer before")
    limit: int = Field(100, ge=1, le=500)
