"""Turns the texts of a CSV row into the JSON values that its fields ask for."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from services.data.errors import RecordInvalid
from services.data.schema.fields import FieldDefinition
from services.data.values.reading import error_at
from shared.rules import FieldType

INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def as_given(fields: Mapping[str, FieldDefinition], row: Mapping[str, str]) -> dict[str, Any]:
    """A row as if a client had sent it as JSON; an empty text is as good as none, so that defaults apply.

    What can't be read stays text, and the check of the record will say what is wrong with it.
    """
    told = {name: text for name, text in row.items() if text != "" or name not in fields}
    return {name: _read(fields[name], text) if name in fields else text for name, text in told.items()}


def _read(field: FieldDefinition, text: str) -> Any:
    try:
        return READERS[field.type](text)
    except ValueError as error:
        raise RecordInvalid(errors=[error_at(field.name, str(error))]) from None


def _integer(text: str) -> Any:
    return int(text) if INTEGER.fullmatch(text.strip()) else text


def _number(text: str) -> Any:
    return float(text) if NUMBER.fullmatch(text.strip()) else text


def _bool(text: str) -> Any:
    return TRUTHS.get(text.strip().lower(), text)


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("is not JSON") from None


def _plain(text: str) -> str:
    return text


READERS: dict[FieldType, Callable[[str], Any]] = {
    FieldType.TEXT: _plain,
    FieldType.NUMBER: _number,
    FieldType.INTEGER: _integer,
    FieldType.BOOL: _bool,
    FieldType.DATETIME: str.strip,
    FieldType.JSON: _json,
    FieldType.RELATION: str.strip,
    FieldType.FILE: _plain,
}
