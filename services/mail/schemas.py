"""What mail gives out: deliveries without what they say."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.web import Output, PageQuery

State = Literal["queued", "running", "succeeded", "failed"]


class DeliveriesQuery(PageQuery):
    """A page of deliveries, newest first."""

    state: State | None = Field(None, description="Only deliveries in this state")


class DeliveryView(Output):
    """A mail that was or will be sent; neither its values nor its token are told."""

    id: str
    template: str
    language: str
    recipient: str
    user_id: str
    message_id: str
    state: State
    attempts: int
    last_error: str | None = Field(description="Why the last attempt failed")
    run_at: datetime = Field(description="When the next attempt is due, while it is queued")
    created_at: datetime
    finished_at: datetime | None
