"""Reads that are right although no transaction holds the schema: on PostgreSQL a read unit is single statements.

Each read of records brings the schema's stamp along, from the same snapshot as its rows. Rows that were chosen by the
rules of one schema and read under another are thrown away, and the read begins again.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from services.data.errors import SchemaMoved
from services.data.models import SchemaVersion
from services.data.schema.snapshots import Schema

T = TypeVar("T")
ATTEMPTS = 5
_stamp = select(SchemaVersion.__table__.c.stamp).scalar_subquery().label("_stamp")


def steady(read: Callable[..., T]) -> Callable[..., T]:
    """Has an action that reads begin again where the schema moved under it."""

    @wraps(read)
    def again(session: Session, **given: Any) -> T:
        for _ in range(ATTEMPTS - 1):
            try:
                return read(session, **given)
            except SchemaMoved:
                continue
        return read(session, **given)

    return again


def rows_under(schema: Schema, session: Session, query: Select) -> list[Sequence[Any]]:
    """What the query gives under the schema that it was built for; SchemaMoved where that is no longer in force."""
    try:
        found = session.execute(query.add_columns(_stamp)).all()
    except ProgrammingError as error:
        if session.scalar(select(SchemaVersion.stamp)) == schema.stamp:
            raise
        raise SchemaMoved from error  # its table is gone
    if found and found[0][-1] != schema.stamp:
        raise SchemaMoved
    return [row[:-1] for row in found]
