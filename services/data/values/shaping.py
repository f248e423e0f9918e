"""Gives a record's values the one form in which answers and events show them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson


def as_text(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC with six decimals, so that texts sort as times do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def as_json(value: Any) -> Any:
    """A column's value as JSON has it."""
    return as_text(value) if isinstance(value, datetime) else value


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
