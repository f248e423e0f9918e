"""Adds a column to a table that holds records already, with the constraints that it was built with."""

from sqlalchemy import Connection, Table, text
from sqlalchemy.schema import CreateColumn

from services.data.schema.fields import FieldDefinition
from services.data.schema.names import constraint_name
from services.data.schema.tables import indexes_of
from shared.rules import FieldType


def add_column(connection: Connection, table: Table, field: FieldDefinition) -> None:
    """Runs ALTER TABLE for a field of a table built with it, then makes the field's indexes."""
    quote = connection.dialect.identifier_preparer.quote
    column = table.c[field.name]
    parts = [f"ALTER TABLE {quote(table.name)} ADD COLUMN {CreateColumn(column).compile(dialect=connection.dialect)}"]
    if field.type is FieldType.TEXT:
        name = constraint_name("ck", table.info["number"], field.name)
        parts.append(f"CONSTRAINT {quote(name)} CHECK (length({quote(field.name)}) <= {int(field.longest)})")
    for key in column.foreign_keys:
        target = key.column.table.name
        parts.append(f"CONSTRAINT {quote(key.name)} REFERENCES {quote(target)} ({quote(key.column.name)})")
    connection.execute(text(" ".join(parts)))
    for index in indexes_of(table, field.name):
        index.create(connection, checkfirst=False)
