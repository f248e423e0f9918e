"""Gives a record's values the one form in which answers and events show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from shared.clock import rfc3339


def as_json(value: Any) -> Any:
    """A column's value as JSON has it."""
    return rfc3339(value) if isinstance(value, datetime) else value


def as_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON, its files still their ids."""
    return {name: as_json(value) for name, value in row.items()}


def differing(before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that are not what the row holds; in JSON, true is not 1."""
    return {name: value for name, value in values.items() if not _is_same(before[name], value)}


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, dict | list) and isinstance(other, dict | list):
        return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)
    return type(one) is type(other) and one == other
