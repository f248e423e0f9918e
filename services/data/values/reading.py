"""Reads the values of a whole record from a client's JSON, all errors at once."""

from collections.abc import Mapping
from typing import Any

from services.data.errors import RecordInvalid
from services.data.schema.fields import ME, FieldDefinition
from services.data.values.checking import check
from shared.rules import SYSTEM_FIELDS, FieldType

Fields = Mapping[str, FieldDefinition]
Error = dict[str, str]


def new_record(fields: Fields, given: Mapping[str, Any], *, owner_id: str | None) -> dict[str, Any]:
    """Every field's value at creation, defaults included; RecordInvalid names each one that does not fit."""
    values = _checked(fields, {**_defaults(fields, owner_id), **given}, is_whole=True)
    return {**dict.fromkeys(fields), **values}


def replacement(fields: Fields, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every field's value after a PUT: what is not given is null, but files, which are uploaded, stay."""
    values = _checked(fields, given, is_whole=True)
    return {**{name: None for name, field in fields.items() if field.type is not FieldType.FILE}, **values}


def changes(fields: Fields, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a PATCH gives."""
    return _checked(fields, given, is_whole=False)


def default_error(field: FieldDefinition) -> str | None:
    """What is wrong with a field's default, if anything."""
    if field.default is None or _is_me(field):
        return None
    try:
        check(field, field.default)
    except ValueError as error:
        return f"the default {error}"
    return None


def error_at(name: str, detail: str) -> Error:
    """One entry of a problem's `errors`, for a member of the body."""
    return {"pointer": "#/" + name.replace("~", "~0").replace("/", "~1"), "detail": detail}


def _checked(fields: Fields, given: Mapping[str, Any], *, is_whole: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    errors = [error_at(name, "is required") for name in _missing(fields, given, is_whole)]
    for name, value in given.items():
        try:
            values[name] = _check_one(fields, name, value)
        except ValueError as error:
            errors.append(error_at(name, str(error)))
    if errors:
        raise RecordInvalid(errors=errors)
    return values


def _check_one(fields: Fields, name: str, value: Any) -> Any:
    if name not in fields:
        raise ValueError("is set by the server" if name in SYSTEM_FIELDS else "is no field of this collection")
    return None if value is None else check(fields[name], value)


def _missing(fields: Fields, given: Mapping[str, Any], is_whole: bool) -> list[str]:
    asked = fields if is_whole else fields.keys() & given.keys()
    return [name for name in asked if fields[name].required and given.get(name) is None]


def _defaults(fields: Fields, owner_id: str | None) -> dict[str, Any]:
    told = [field for field in fields.values() if field.default is not None]
    return {field.name: owner_id if _is_me(field) else field.default for field in told}


def _is_me(field: FieldDefinition) -> bool:
    return field.type is FieldType.TEXT and field.default == ME
