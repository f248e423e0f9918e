"""What a service outside tells: CloudEvents 1.0 as JSON, one or several at once."""

import hashlib
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any, ClassVar, Literal

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    RootModel,
    StringConstraints,
    model_validator,
)

from shared import clock, trace
from shared.events import Envelope
from shared.web.shapes import Input

MOST_AT_ONCE = 100
TYPE_NAME = r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,59})+$"
TypeName = Annotated[str, StringConstraints(pattern=TYPE_NAME, max_length=120)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _as_text(given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError("Must be a time in RFC 3339, as a text")
    return given


def _on_the_calendar(at: datetime) -> datetime:
    try:
        at.astimezone(UTC)
    except OverflowError:
        raise ValueError("Must be a time within the years 1 to 9999 of UTC") from None
    return at


def _travels(value: Any) -> Any:
    """JSON that every reader reads as it was written: no NaN or infinity, no integer beyond 64 bits."""
    if isinstance(value, dict):
        value = {name: _travels(inner) for name, inner in value.items()}
    elif isinstance(value, list):
        value = [_travels(inner) for inner in value]
    elif isinstance(value, float) and not isfinite(value):
        raise ValueError("Must be a finite number")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("An integer has at most 64 bits")
    return value


JsonObject = Annotated[dict[str, Any], AfterValidator(_travels)]
Time = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_as_text), AfterValidator(_on_the_calendar)]


class CloudEvent(Input):
    """An event in CloudEvents' structured form; attributes beyond these are refused."""

    specversion: Literal["1.0"]
    id: EventId = Field(description="The teller's own; sent twice with the same content, the event is told once")
    source: str | None = Field(None, max_length=60, description="The teller, who may leave it out")
    type: TypeName = Field(description="Under the teller's own name: <teller>.<what happened>")
    subject: Key = Field(description="What the event is about, as a path")
    time: Time | None = Field(None, description="When it happened; now where it is left out")
    datacontenttype: Literal["application/json"] | None = None
    key: Key | None = Field(None, description="Events of one key keep their order; the subject where it is left out")
    partitionkey: Key | None = Field(None, description="Events of one partition key travel together; else the key")
    traceparent: str | None = Field(None, max_length=60, description="The W3C trace that it belongs to")
    data: JsonObject = Field(description="As the type's registered schema says")

    def digest(self) -> str:
        """A print of the content: equal for the same event sent again, whatever its trace."""
        content = self.model_dump(mode="json", exclude={"traceparent"}, exclude_none=True)
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def envelope(self, source: str, version: int) -> Envelope:
        """How it travels on: in its own trace where it names one, else in that of the request."""
        context = trace.current()
        key = self.key or self.subject
        return Envelope(
            id=self.id,
            source=source,
            type=self.type,
            subject=self.subject,
            time=clock.rfc3339(self.time or clock.now()),
            dataschema=version,
            traceparent=self.traceparent if trace.parse(self.traceparent) else context.traceparent,
            key=key,
            partition_key=self.partitionkey or key,
            data=self.data,
            actor=context.actor,
            causation=context.causation,
        )


class CloudEvents(RootModel[Annotated[list[CloudEvent], Field(min_length=1, max_length=MOST_AT_ONCE)]]):
    """One event, or a list of them; a list is taken as a whole or not at all."""

    media_types: ClassVar[tuple[str, ...]] = (
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json",
    )

    @model_validator(mode="before")
    @classmethod
    def _is_a_list(cls, given: Any) -> Any:
        return [given] if isinstance(given, dict) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [several["items"], several], "description": cls.__doc__}
