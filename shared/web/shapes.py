"""The shapes of what comes in and goes out, and how an answer becomes bytes."""

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict


class Input(BaseModel):
    """A JSON body: unknown fields are refused, and a number in quotes is no number."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Query(BaseModel):
    """A query string: unknown parameters are refused, text is read as the field's type."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class Output(BaseModel):
    """What a client gets; times are RFC 3339 in UTC."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


def to_json(answer: Any) -> bytes:
    """An answer as JSON: a model, or plain data that may hold models and times."""
    if isinstance(answer, BaseModel):
        return answer.__pydantic_serializer__.to_json(answer)
    return orjson.dumps(answer, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"A {type(value).__name__} is no JSON.")
