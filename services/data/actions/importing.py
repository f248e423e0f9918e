"""The rows of an import: checked one by one, written all together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.data.actions import changes
from services.data.errors import ImportRowInvalid, ImportValueTaken, RecordInvalid
from services.data.queries import relations
from services.data.queries.portions import portions
from services.data.schema.snapshots import Collection, Schema
from services.data.values import reading
from services.data.values.checking import check
from services.data.values.reading import error_at
from services.data.values.shaping import as_record
from services.data.values.texts import as_given
from shared.bus import announce_all


class Importer(NamedTuple):
    """Who asks in an import: an admin, by its id."""

    id: str
    role: str = "admin"


def checked_rows(
    session: Session,
    schema: Schema,
    collection: Collection,
    rows: Iterable[tuple[int, Mapping[str, str]]],
    *,
    owner_id: str,
) -> list[dict[str, Any]]:
    """The rows as records' values with their lines; ImportRowInvalid names the first that does not fit."""
    checked = []
    for line, row in rows:
        try:
            values = reading.new_record(collection.fields, as_given(collection.fields, row), owner_id=owner_id)
        except RecordInvalid as problem:
            raise row_invalid(line, problem.errors) from None
        checked.append({"line": line, "record": as_record(values)})
    check_relations(session, schema, collection, checked, Importer(owner_id))
    return checked


def check_relations(
    session: Session, schema: Schema, collection: Collection, checked: list[dict[str, Any]], me: Importer
) -> None:
    """ImportRowInvalid names the first row with a relation to a record that is not there."""
    for field in collection.relations:
        named = {row["record"][field.name] for row in checked} - {None}
        absent = named - relations.visible_targets(session, schema, field, named, me)
        for row in checked:
            if row["record"][field.name] in absent:
                raise row_invalid(row["line"], [error_at(field.name, relations.missing(field))])


def write_rows(session: Session, collection: Collection, staged: Sequence[Any], *, actor_id: str) -> None:
    """Inserts the staged rows and announces each; ImportValueTaken, and nothing written, where a value is taken."""
    rows = [changes.fresh_row(reading.new_record(collection.fields, record, owner_id=actor_id)) for _, record in staged]
    try:
        with session.begin_nested():
            for some in portions(rows):
                session.execute(insert(collection.table), some)
    except IntegrityError as error:
        raise taken(session, collection, staged) from error
    events = [changes.changed(collection, "created", None, as_record(row), actor_id) for row in rows]
    announce_all(session, events, is_ordered=True)


def taken(session: Session, collection: Collection, staged: Sequence[Any]) -> ImportValueTaken:
    """Which row repeats a value that another row or a record has."""
    for field in (field.name for field in collection.fields.values() if field.unique):
        lines = known_values(session, collection, field, [record[field] for _, record in staged])
        for line, record in staged:
            value = record[field]
            if value is not None and lines.setdefault(value, line) != line:
                errors = [error_at(field, "is taken")]
                return ImportValueTaken(f"Line {line}: a value that must be unique is taken.", line=line, errors=errors)
    return ImportValueTaken()


def known_values(session: Session, collection: Collection, field: str, values: Iterable[Any]) -> dict[Any, int]:
    """Those of the values that records have already, each at a line where no row is."""
    column, definition = collection.table.c[field], collection.fields[field]
    wanted = {value: check(definition, value) for value in values if value is not None}
    taken_ones = (session.scalars(select(column).where(column.in_(some))) for some in portions(wanted.values()))
    known = {value for values in taken_ones for value in values}
    return {value: -1 for value, held in wanted.items() if held in known}


def row_invalid(line: int, errors: Sequence[Mapping[str, Any]]) -> ImportRowInvalid:
    """A problem that names the row by its line in the file."""
    first = errors[0]
    return ImportRowInvalid(f"Line {line}: {first['pointer'][2:]} {first['detail']}.", line=line, errors=errors)
