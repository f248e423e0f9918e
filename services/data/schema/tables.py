"""Builds a collection's table: real columns, constraints, foreign keys and indexes."""

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import JSON, TypeEngine

from services.data.schema.fields import FieldDefinition
from services.data.schema.names import constraint_name, table_name
from shared.database import Id, Timestamp
from shared.rules import FieldType

CodePointText = Text().with_variant(Text(collation="C"), "postgresql")
"""Ordered by code point on both databases."""


class JsonText(sqlite.JSON):
    """JSON in a column of texts: in one declared JSON, SQLite makes `1.0` an integer and rounds doubles of its own."""


compiles(JsonText, "sqlite")(lambda _type, _compiler, **_options: "TEXT")

Json = (
    JSON(none_as_null=True)
    .with_variant(JSONB(none_as_null=True), "postgresql")
    .with_variant(JsonText(none_as_null=True), "sqlite")
)

TYPES: dict[FieldType, TypeEngine] = {
    FieldType.TEXT: CodePointText,
    FieldType.NUMBER: Double(),
    FieldType.INTEGER: BigInteger(),
    FieldType.BOOL: Boolean(),
    FieldType.DATETIME: Timestamp(),
    FieldType.JSON: Json,
    FieldType.RELATION: Id,
    FieldType.FILE: Id,
}
REFERENCES = frozenset({FieldType.RELATION, FieldType.FILE})


def new_metadata() -> MetaData:
    """Where the tables of one schema live together, beside the table that file fields refer to."""
    metadata = MetaData()
    Table("files", metadata, Column("id", Id, primary_key=True))
    return metadata


def build_table(
    metadata: MetaData, name: str, number: int, fields: Mapping[str, FieldDefinition], numbers: Mapping[str, int]
) -> Table:
    """The table of a collection; `numbers` are those of all collections, for its relations."""
    table = Table(
        table_name(name, number),
        metadata,
        Column("id", Id, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("created_at", Timestamp, nullable=False),
        Column("updated_at", Timestamp, nullable=False),
        *(_column(field, number, numbers) for field in fields.values()),
        PrimaryKeyConstraint("id", name=f"pk_{number}"),
        info={"number": number},
    )
    for field in fields.values():
        _add_limit(table, field, number)
        _add_indexes(table, field, number)
    return table


def indexes_of(table: Table, field: str) -> list[Index]:
    """The indexes that serve one field."""
    return [index for index in table.indexes if index.name.split("_", 2)[2] == field]


def _column(field: FieldDefinition, number: int, numbers: Mapping[str, int]) -> Column:
    if field.type not in REFERENCES:
        return Column(field.name, TYPES[field.type], nullable=not field.required)
    target = "files" if field.type is FieldType.FILE else table_name(field.collection, numbers[field.collection])
    key = ForeignKey(f"{target}.id", name=constraint_name("fk", number, field.name))
    return Column(field.name, Id, key, nullable=not field.required)


def _add_limit(table: Table, field: FieldDefinition, number: int) -> None:
    if field.type is FieldType.TEXT:
        fits = func.length(table.c[field.name]) <= field.longest
        table.append_constraint(CheckConstraint(fits, name=constraint_name("ck", number, field.name)))


def _add_indexes(table: Table, field: FieldDefinition, number: int) -> None:
    """A unique field's index, which is its constraint, and the one that serves filters, sorts and foreign keys."""
    column = table.c[field.name]
    if field.unique:
        Index(constraint_name("uq", number, field.name), column, unique=True)
    if field.indexed or field.type in REFERENCES:
        name = constraint_name("ix", number, field.name)
        # Records sort with nulls first; SQLite's indexes do by themselves, PostgreSQL's when told.
        first = column if field.required else column.nulls_first()
        Index(name, first, table.c.id).ddl_if(dialect="postgresql")
        Index(name, column, table.c.id).ddl_if(dialect="sqlite")
