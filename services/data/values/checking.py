"""Checks a client's JSON values against their fields, strictly: no value is turned into one of another type."""

import math
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson

from services.data.schema.fields import FieldDefinition
from shared.rules import FieldType
from shared.rules.instants import parse_instant

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
LOWEST, HIGHEST = -(2**63), 2**63 - 1
JSON_DEPTH = 32


def check(field: FieldDefinition, value: Any) -> Any:
    """What the field's column holds for a JSON value that is not null; ValueError says what is wrong with it."""
    return CHECKS[field.type](value, field)


def _text(value: Any, field: FieldDefinition) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if len(value) > field.longest:
        raise ValueError(f"must have at most {field.longest} characters, has {len(value)}")
    return _storable(value)


def _storable(value: str) -> str:
    if UNSTORABLE.search(value):
        raise ValueError("must not hold NUL or half of a surrogate pair")
    return value


def _number(value: Any, _field: FieldDefinition | None = None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("must be a finite number that fits a double")
    return number + 0.0  # no negative zero: the databases differ about it


def _integer(value: Any, _field: FieldDefinition | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be an integer")
    if not LOWEST <= value <= HIGHEST:
        raise ValueError("must fit 64 bits")
    return value


def _bool(value: Any, _field: FieldDefinition) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _datetime(value: Any, _field: FieldDefinition):
    if isinstance(value, str):
        try:
            return parse_instant(value)
        except ValueError:
            pass
    raise ValueError("must be a time as in 2024-02-29T12:00:00.5Z: RFC 3339 with an offset and at most six decimals")


def _json(value: Any, field: FieldDefinition) -> Any:
    _check_tree(value, JSON_DEPTH)
    if len(orjson.dumps(value)) > field.longest:
        raise ValueError(f"must have at most {field.longest} bytes as JSON")
    return value


def _check_tree(value: Any, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"must be nested at most {JSON_DEPTH} deep")
    if isinstance(value, str):
        _storable(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            _storable(name)
            _check_tree(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check_tree(item, depth - 1)
    elif isinstance(value, float):
        _number(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        _integer(value)


def _relation(value: Any, _field: FieldDefinition) -> str:
    if not is_id(value):
        raise ValueError("must be the id of a record")
    return value


def _file(_value: Any, _field: FieldDefinition):
    raise ValueError("is set by uploading a file; here it may only be null")


def is_id(value: Any) -> bool:
    """Whether a value is an id in the one form that ids have here."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


CHECKS: dict[FieldType, Callable[[Any, FieldDefinition], Any]] = {
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.INTEGER: _integer,
    FieldType.BOOL: _bool,
    FieldType.DATETIME: _datetime,
    FieldType.JSON: _json,
    FieldType.RELATION: _relation,
    FieldType.FILE: _file,
}
