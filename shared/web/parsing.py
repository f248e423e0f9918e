"""Reads a request's body and query string into models, or says what is wrong and where."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from shared.problems import Invalid, UnsupportedMediaType
from shared.web.errors import InvalidQuery, MalformedJson

Model = TypeVar("Model", bound=BaseModel)
MOST_ERRORS = 50


def read_body(model: type[Model]) -> Model:
    """The JSON body as `model`; raises MalformedJson, UnsupportedMediaType or Invalid."""
    if not request.is_json:
        raise UnsupportedMediaType("The body must be application/json.")
    return parse_json(request.get_data(), model)


def parse_json(text: bytes, model: type[Model]) -> Model:
    """JSON text as `model`; raises MalformedJson or Invalid."""
    try:
        parsed = model.model_validate_json(text)
    except ValidationError as error:
        raise _complaint(error) from None
    if b"\\u0000" in text and (places := list(_nul_places(json.loads(text), ""))):
        raise Invalid(
            errors=[{"pointer": f"#{place}", "detail": "Text can't hold the NUL character"} for place in places]
        )
    return parsed


def read_query(model: type[Model]) -> Model:
    """The query string as `model`; a parameter given twice is a list. Raises InvalidQuery."""
    given = {name: values if len(values) > 1 else values[0] for name, values in request.args.lists()}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidQuery(errors=describe(error)) from None


def describe(error: ValidationError) -> list[dict[str, str]]:
    """What is wrong with an input: per place a JSON pointer and a sentence, never the value."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_ERRORS]
    return [{"pointer": pointer(one["loc"]), "detail": one["msg"].removeprefix("Value error, ")} for one in found]


def pointer(location: Sequence[str | int]) -> str:
    """A place in a document as a URI fragment JSON pointer: `#/fields/0/name`."""
    return "#" + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)


def _complaint(error: ValidationError) -> MalformedJson | Invalid:
    first = error.errors(include_url=False, include_context=True, include_input=False)[0]
    if first["type"] == "json_invalid":
        return MalformedJson(f"The body is not JSON: {first['ctx']['error']}.")
    return Invalid(errors=describe(error))


def _nul_places(value: Any, place: str):
    if isinstance(value, str) and "\0" in value:
        yield place
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "\0" in name:
                yield place
            yield from _nul_places(inner, f"{place}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nul_places(inner, f"{place}/{index}")
