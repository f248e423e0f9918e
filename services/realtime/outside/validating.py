"""What JSON Schema leaves to whoever validates: which formats are checked, and what unique items cost."""

import re
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any
from urllib.parse import urlsplit

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry

formats = FormatChecker(formats=("date", "email", "ipv4", "ipv6", "uuid"))


@formats.checks("date-time", raises=ValueError)
def _is_date_time(value: Any) -> bool:
    return not isinstance(value, str) or ("T" in value and datetime.fromisoformat(value).tzinfo is not None)


@formats.checks("time", raises=ValueError)
def _is_time(value: Any) -> bool:
    return not isinstance(value, str) or time.fromisoformat(value).tzinfo is not None


@formats.checks("uri", raises=ValueError)
def _is_uri(value: Any) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and not re.search(r"[\s<>\"{}|\\^`]", value))


@formats.checks("regex", raises=(re.error, OverflowError, RecursionError))
def _is_regex(value: Any) -> bool:
    return not isinstance(value, str) or bool(re.compile(value))


def _unique_items(_validator: Any, wanted: Any, items: Any, _schema: Any) -> Iterator[ValidationError]:
    """The library compares each item with each; here equal ones have equal prints."""
    if wanted is True and isinstance(items, list) and len({_print(item) for item in items}) < len(items):
        yield ValidationError("has equal items")


def _print(item: Any) -> bytes:
    return orjson.dumps(_numbers_alike(item), option=orjson.OPT_SORT_KEYS)


def _numbers_alike(value: Any) -> Any:
    """To JSON Schema, 1.0 is 1."""
    if isinstance(value, dict):
        return {name: _numbers_alike(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_numbers_alike(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**63 else value


Validator = extend(Draft202012Validator, {"uniqueItems": _unique_items})


def validator_of(schema: dict[str, Any]) -> Any:
    """What checks data against a registered schema; nothing is ever fetched."""
    return Validator(schema, registry=Registry(), format_checker=formats)
