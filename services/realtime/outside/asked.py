"""What readers and admins outside ask with, and what they are answered."""

from datetime import datetime
from typing import Any

from pydantic import Field, RootModel, field_validator

from services.realtime.models import EventType
from services.realtime.outside.cursors import LONGEST, written
from services.realtime.outside.filters import MOST_PATTERNS, is_pattern
from services.realtime.outside.reading import Step
from services.realtime.outside.told import JsonObject
from shared.web.shapes import Output, Query

BEGINNING = "beginning"
MOST_EVENTS, LONGEST_WAIT = 500, 30


class EventsQuery(Query):
    """From where, which, and how long an answer may wait for the next."""

    since: str | None = Field(
        None, max_length=LONGEST, description="The `cursor` of an answer before; `beginning`; left out: from now on"
    )
    types: str | None = Field(
        None, max_length=4000, description="Types and families by commas, as `auth.user_registered,data.*`"
    )
    limit: int = Field(100, ge=1, le=MOST_EVENTS, description="How many at most")
    wait: float = Field(0, ge=0, le=LONGEST_WAIT, description="Seconds to wait for an event where there is none yet")

    @field_validator("types")
    @classmethod
    def _are_patterns(cls, text: str | None) -> str | None:
        patterns = [] if text is None else text.split(",")
        if len(patterns) > MOST_PATTERNS or not all(is_pattern(one) for one in patterns):
            raise ValueError(f"Must be at most {MOST_PATTERNS} types or families (`data.*`), by commas")
        return text

    @property
    def patterns(self) -> list[str]:
        """The types and families that are asked for; none named means all that may be read."""
        return self.types.split(",") if self.types else []


class GapView(Output):
    """Events of a source are gone (`window_passed`) or were numbered anew after a restore (`restored`): read anew."""

    source: str
    reason: str


class EventsView(Output):
    """Events in order within each key, and the cursor behind all that was looked at."""

    events: list[dict[str, Any]] = Field(description="CloudEvents 1.0; sealed fields are hidden")
    cursor: str = Field(description="The `since` of the next question")
    gaps: list[GapView]
    is_more: bool = Field(description="Whether there is more at once")

    @classmethod
    def of(cls, step: Step) -> "EventsView":
        """What a step found."""
        gaps = [GapView(source=gap.source, reason=gap.reason) for gap in step.gaps]
        events = [event for event, _behind in step.events]
        return cls(events=events, cursor=written(step.cursor), gaps=gaps, is_more=step.is_more)


class ToldView(Output):
    """The ids that are taken: each is, or was before, announced once."""

    accepted: list[str]


class DataSchema(RootModel[JsonObject]):
    """A JSON Schema (2020-12) of an event's data: an object; references stay within it."""


class EventTypeView(Output):
    """A type that a service outside may tell."""

    type: str
    version: int = Field(description="Counts its schemas; events carry it as `dataversion`")
    data_schema: dict[str, Any]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: EventType) -> "EventTypeView":
        """A row of the registry."""
        times = {"created_at": row.created_at, "updated_at": row.updated_at}
        return cls(type=row.type, version=row.version, data_schema=row.schema, **times)
