"""Schemas of outside events: which may be registered, what a change may not do, and what of an event is wrong."""

import re
from collections.abc import Iterator
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError

from services.realtime.outside.validating import formats
from shared.events.schemas import breaking_changes

Schema = dict[str, Any]
Errors = list[dict[str, str]]

MAX_SCHEMA_BYTES = 64_000
MAX_ERRORS = 20
MAX_DEPTH = 40
DIALECT = "https://json-schema.org/draft/2020-12/schema"
LOCAL = re.compile(r"#/\$defs/(\w{1,100})", re.ASCII)
REFUSED = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$vocabulary")
WORDS_ALONE = ("title", "description", "examples", "default", "$comment")
WORDS = ("properties", "required", "$defs", "$schema", *WORDS_ALONE)
"""Top-level keywords that are compared by their own rules, or mean nothing to a value."""


def wrong_in_schema(schema: Schema) -> Errors:
    """Why a schema can't be registered; [] where it can."""
    if len(orjson.dumps(schema)) > MAX_SCHEMA_BYTES:
        return [_at([], f"A schema has at most {MAX_SCHEMA_BYTES} bytes")]
    try:
        Draft202012Validator.check_schema(schema, format_checker=formats)
    except SchemaError as error:
        return [_at(error.absolute_path, error.message[:200])]
    except RecursionError:
        return [_at([], "The schema is nested too deeply")]
    return [*_wrong_at_top(schema), *_wrong_below(schema, [])][:MAX_ERRORS] or _circles(schema)


def _wrong_at_top(schema: Schema) -> Iterator[dict[str, str]]:
    if schema.get("type") != "object":
        yield _at(["type"], "An event's data is an object")
    if schema.get("$schema", DIALECT) != DIALECT:
        yield _at(["$schema"], f"Must be {DIALECT}, or left out")


def _wrong_below(part: Any, path: list[Any]) -> Iterator[dict[str, str]]:
    if len(path) > MAX_DEPTH:
        yield _at(path[:3], "The schema is nested too deeply")
        return
    if isinstance(part, dict):
        for name in REFUSED:
            if isinstance(part.get(name), str):
                yield _at([*path, name], "Is not taken: a schema stands alone")
        if isinstance(part.get("$ref"), str) and not LOCAL.fullmatch(part["$ref"]):
            yield _at([*path, "$ref"], "May only lead to #/$defs/<name> of the same schema")
        if isinstance(part.get("$ref"), str) and {*part} - {"$ref", *WORDS_ALONE}:
            yield _at([*path, "$ref"], "Stands alone: what else holds is said where it leads")
        if isinstance(part.get("format"), str) and part["format"] not in formats.checkers:
            known = ", ".join(sorted(formats.checkers))
            yield _at([*path, "format"], f"Is a format that is not checked here; those that are: {known}")
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, inner in items:
        yield from _wrong_below(inner, [*path, name])


def _circles(schema: Schema) -> Errors:
    """Definitions that are missing, or that lead back to themselves and so could not be compared."""
    defined = schema.get("$defs", {})
    leads_to = {name: _references(inner) for name, inner in defined.items()}
    missing = sorted(set().union(_references(schema), *leads_to.values()) - set(defined))
    if missing:
        return [_at(["$defs"], f"{name} is not there") for name in missing[:MAX_ERRORS]]
    return [_at(["$defs", name], "Leads back to itself") for name in defined if _leads_back(name, leads_to)]


def _leads_back(name: str, leads_to: dict[str, set[str]]) -> bool:
    seen, todo = set(), [*leads_to[name]]
    while todo:
        one = todo.pop()
        if one == name:
            return True
        if one not in seen:
            seen.add(one)
            todo += leads_to[one]
    return False


def _references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = LOCAL.fullmatch(part["$ref"]) if isinstance(part.get("$ref"), str) else None
        return {own[1]} if own else set().union(*map(_references, part.values()))
    return set().union(*map(_references, part)) if isinstance(part, list) else set()


def breaks(kind: str, old: Schema, new: Schema) -> list[str]:
    """What the new schema of a type would break for its readers or tellers; additive changes break nothing."""
    given_up = sorted(set(old.get("required", [])) - set(new.get("required", [])))
    rest = [{name: one for name, one in schema.items() if name not in WORDS} for schema in (old, new)]
    return [
        *breaking_changes({kind: old}, {kind: new}),
        *(f"{kind}.{name} is no longer required" for name in given_up),
        *(
            f"{kind} has another {name}"
            for name in sorted({*rest[0], *rest[1]})
            if rest[0].get(name) != rest[1].get(name)
        ),
    ]


def wrong_in_data(validator: Draft202012Validator, data: dict[str, Any], path: list[Any]) -> Errors:
    """What of an event's data is not as its schema says, at places below `path`; never the value itself."""
    try:
        found = sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.absolute_path)))
    except RecursionError:
        return [_at(path, "Is nested too deeply")]
    return [_at([*path, *error.absolute_path], _words(error)) for error in found[:MAX_ERRORS]]


def _words(error: ValidationError) -> str:
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"Lacks {', '.join(missing)[:200]}"
    return f"Does not satisfy {error.validator}: {orjson.dumps(error.validator_value).decode()[:200]}"


def _at(path: Any, detail: str) -> dict[str, str]:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return {"pointer": "#" + "".join(f"/{step}" for step in steps), "detail": detail}
