"""What the doors to replays take and give."""

from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from shared import clock
from shared.bus.admin.instants import Instant
from shared.web.shapes import Input, Output


class ReplayView(Output):
    """A replay and how far it is; `handled` and `missed` count events in all partitions."""

    id: str
    source: str
    types: list[str] = Field(description="Empty for all that are handled here")
    since: datetime | None
    until: datetime
    handler: str | None = Field(description="Null for every handler")
    state: Literal["running", "done", "failed"]
    handled: int
    missed: int = Field(description="Gone from the outbox before they could be replayed")
    asked_by: str
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None


class ReplayOrder(Input):
    """Which events to handle again."""

    source: str = Field(min_length=1, max_length=60)
    types: list[str] = Field(default_factory=list, max_length=50, description="Empty for all that are handled here")
    since: Instant | None = Field(None, description="Written from then on; null for all that the source keeps")
    until: Instant | None = Field(None, description="Written before then; null for now")
    handler: str | None = Field(None, max_length=120, description="This handler alone; null for every one")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "ReplayOrder":
        until = self.until or clock.now()
        if self.since and self.since > until:
            raise ValueError("The range ends before it begins")
        return self
