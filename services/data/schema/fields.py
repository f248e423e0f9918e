"""What an admin may say of a field and of a collection's rules."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints, model_validator

from services.data.schema.names import refused_field
from shared.rules import SYSTEM_FIELDS, FieldType

MAX_TEXT = 1_000_000
DEFAULT_LENGTH = 5_000
INDEXED_LENGTH = 500
"""PostgreSQL can't index longer values in whichever script."""
JSON_BYTES = 100_000
ME = "@me.id"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z](_?[a-z0-9])*$", max_length=40)]
Operation = Literal["list", "view", "create", "update", "delete"]
OPERATIONS: tuple[Operation, ...] = ("list", "view", "create", "update", "delete")
PLAIN_TYPES = frozenset({FieldType.TEXT, FieldType.NUMBER, FieldType.INTEGER, FieldType.BOOL, FieldType.DATETIME})


class FieldDefinition(BaseModel):
    """A field: its name, its type, and what holds for its values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    type: FieldType
    required: StrictBool = False
    unique: StrictBool = False
    indexed: StrictBool = False
    max_length: Annotated[StrictInt, Field(ge=1, le=MAX_TEXT)] | None = None
    """Of a text in characters, of a JSON value in bytes."""
    collection: Name | None = None
    """Which collection's records a relation refers to."""
    default: Any = None
    """The value at creation where none is given; `@me.id` in a text field is the id of who creates."""

    @model_validator(mode="after")
    def _fits_its_type(self) -> "FieldDefinition":
        for complaint in _complaints(self):
            raise ValueError(complaint)
        return self

    @property
    def longest(self) -> int:
        """The most characters, or bytes of JSON, that a value may have."""
        if self.type is FieldType.JSON:
            return self.max_length or JSON_BYTES
        return self.max_length or (INDEXED_LENGTH if self.unique or self.indexed else DEFAULT_LENGTH)


class Rules(BaseModel):
    """Who may do what: a rule's text, or null, which lets admins alone. `true` lets everyone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    list: str | None = None
    view: str | None = None
    create: str | None = None
    update: str | None = None
    delete: str | None = None


def field_types(fields: dict[str, FieldDefinition]) -> dict[str, FieldType]:
    """The types of all that a rule or filter may name, the system's own fields included."""
    return {**SYSTEM_FIELDS, **{name: field.type for name, field in fields.items()}}


def _complaints(field: FieldDefinition):
    is_plain, is_relation = field.type in PLAIN_TYPES, field.type is FieldType.RELATION
    if refused_field(field.name):
        yield f"{field.name} is a reserved name"
    if is_relation != (field.collection is not None):
        yield "a relation names its collection, and no other field does"
    if field.max_length is not None and field.type not in (FieldType.TEXT, FieldType.JSON):
        yield "only text and json fields have a max_length"
    if field.unique and not (is_plain or is_relation):
        yield f"a {field.type} field can't be unique"
    if field.indexed and not (is_plain or is_relation):
        yield f"a {field.type} field can't be indexed"
    if (field.unique or field.indexed) and field.longest > INDEXED_LENGTH and field.type is FieldType.TEXT:
        yield f"a unique or indexed text has at most {INDEXED_LENGTH} characters"
    if field.required and field.type is FieldType.FILE:
        yield "a file is uploaded to a record that exists, so it can't be required"
    if field.default is not None and not is_plain:
        yield f"a {field.type} field has no default"
