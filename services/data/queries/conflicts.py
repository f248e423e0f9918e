"""Turns what the database's constraints refuse into the problem that a client can act on."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from services.data.errors import RecordReferenced, ValueTaken
from services.data.schema.snapshots import Collection
from services.data.values.reading import error_at
from shared.problems import Problem

UNIQUE, FOREIGN_KEY = "23505", "23503"


@contextmanager
def naming_conflicts(collection: Collection) -> Iterator[None]:
    """Within the block a duplicate is a ValueTaken that names its field, a broken reference a RecordReferenced."""
    try:
        yield
    except IntegrityError as error:
        problem = _problem(collection, error)
        if problem is None:
            raise
        raise problem from None


def taken_field(collection: Collection, error: IntegrityError) -> str | None:
    """The unique field of a collection whose value another record has; None when it was something else."""
    name = _column_on_sqlite(str(error.orig)) or _field_on_postgres(error.orig)
    return name if name in collection.fields and collection.fields[name].unique else None


def _problem(collection: Collection, error: IntegrityError) -> Problem | None:
    if field := taken_field(collection, error):
        return ValueTaken(errors=[error_at(field, "is taken by another record")])
    is_reference = getattr(error.orig, "sqlstate", None) == FOREIGN_KEY or "FOREIGN KEY" in str(error.orig)
    return RecordReferenced("Records refer to each other: what is referred to must be there.") if is_reference else None


def _column_on_sqlite(message: str) -> str | None:
    """`UNIQUE constraint failed: records_airports_1.iata` names the column."""
    prefix = "UNIQUE constraint failed: "
    return message.removeprefix(prefix).rsplit(".", 1)[-1] if message.startswith(prefix) else None


def _field_on_postgres(error: BaseException | None) -> str | None:
    """The constraint's name ends in the field's, see names.constraint_name."""
    if getattr(error, "sqlstate", None) != UNIQUE:
        return None
    return (error.diag.constraint_name or "").split("_", 2)[-1]
