"""The types a field may have, and the kinds of value that may be compared with each other."""

from enum import StrEnum


class FieldType(StrEnum):
    """The types of a collection's fields, as an admin names them."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOL = "bool"
    DATETIME = "datetime"
    JSON = "json"
    RELATION = "relation"
    FILE = "file"


class Kind(StrEnum):
    """What a value is compared as; only values of one kind are ever compared."""

    NULL = "null"
    TEXT = "text"
    ID = "id"
    INTEGER = "integer"
    DOUBLE = "number"
    BOOLEAN = "bool"
    INSTANT = "datetime"
    JSON = "json"


KIND_OF_FIELD = {
    FieldType.TEXT: Kind.TEXT,
    FieldType.NUMBER: Kind.DOUBLE,
    FieldType.INTEGER: Kind.INTEGER,
    FieldType.BOOL: Kind.BOOLEAN,
    FieldType.DATETIME: Kind.INSTANT,
    FieldType.JSON: Kind.JSON,
    FieldType.RELATION: Kind.ID,
    FieldType.FILE: Kind.ID,
}

ORDERED = frozenset({Kind.TEXT, Kind.INTEGER, Kind.DOUBLE, Kind.INSTANT})

RESERVED_NAMES = frozenset({"null", "true", "false", "in"})

SYSTEM_FIELDS = {
    "id": FieldType.RELATION,
    "version": FieldType.INTEGER,
    "created_at": FieldType.DATETIME,
    "updated_at": FieldType.DATETIME,
}
"""What every record has besides its collection's fields: rules and filters read them everywhere alike."""
