"""Rows for any table as the database itself describes it, and all rows of a database to compare."""

import base64
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from shared.database import Database

Rows = dict[str, list[dict[str, Any]]]
"""By table, each row by its columns."""

LEFT_EMPTY = {("schedules", "cron")}
"""Nullable columns that a check wants empty where the others are filled."""
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def tables_of(database: Database) -> list[sa.Table]:
    """The tables that there are now, those that others refer to first; Alembic's own left out."""
    metadata = sa.MetaData()
    metadata.reflect(database.engine)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def add_rows(database: Database, counter: Iterator[int], each: int = 2) -> int:
    """Adds rows to every table, every column filled, no two values alike; a reference names a row just added."""
    added: dict[str, list[dict[str, Any]]] = {}
    tables = tables_of(database)
    with database.engine.begin() as connection:
        for table in tables:
            added[table.name] = [_row(table, next(counter), added) for _ in range(each)]
            connection.execute(sa.insert(table), added[table.name])
    return sum(map(len, added.values()))


def all_rows(database: Database) -> Rows:
    """Everything in the database."""
    tables = tables_of(database)
    with database.engine.connect() as connection:
        return {table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()] for table in tables}


def lost(before: Rows, after: Rows) -> list[str]:
    """The rows of `before` that `after` does not have, as far as it has their tables and columns."""
    found = []
    for name in before.keys() & after.keys():
        kept = [column for column in (before[name] or [{}])[0] if not after[name] or column in after[name][0]]
        there = {_essence(row, kept) for row in after[name]}
        found += [f"{name}: {row}" for row in before[name] if _essence(row, kept) not in there]
    return found


def _essence(row: dict[str, Any], columns: list[str]) -> str:
    return repr([row[column] for column in columns])


def _row(table: sa.Table, number: int, added: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    row = {
        column.name: _value(column, number) for column in table.columns if (table.name, column.name) not in LEFT_EMPTY
    }
    for constraint in table.foreign_key_constraints:
        for element in constraint.elements:
            row[element.parent.name] = added[element.column.table.name][0][element.column.name]
    return row


def _value(column: sa.Column, number: int) -> Any:
    kind = column.type
    if isinstance(kind, sa.JSON):
        return {"number": number, "text": 'quoted " and ä'}
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.Uuid) or (isinstance(kind, sa.CHAR) and kind.length == 32):
        return _uuid(kind, number)
    if isinstance(kind, sa.DateTime):
        return _instant(kind, number)
    if isinstance(kind, sa.LargeBinary):
        return b"\x00\xff" + str(number).encode()
    if isinstance(kind, sa.Integer | sa.Float | sa.Numeric):
        return number
    if isinstance(kind, sa.String):
        return _text(kind.length or 200, number)
    raise AssertionError(f"{column}: no value for a {kind!r}")


def _uuid(kind: sa.types.TypeEngine, number: int) -> Any:
    value = UUID(int=number)
    return value if isinstance(kind, sa.Uuid) else value.hex


def _instant(kind: sa.DateTime, number: int) -> datetime:
    value = EPOCH + timedelta(seconds=number, microseconds=number)
    return value if kind.timezone else value.replace(tzinfo=None)


def _text(length: int, number: int) -> str:
    """As long as the column allows, up to a line: a migration that narrows it is noticed."""
    start = f"{number}-"
    filling = base64.b32encode(b"long enough to fill a column of any length that there is" * 3).decode()
    return (start + "".join(itertools.islice(itertools.cycle(filling), length)))[: min(length, 200)]
