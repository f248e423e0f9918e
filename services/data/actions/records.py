"""Records: each is made, read, changed and deleted only as its collection's rules allow."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.data.actions import changes
from services.data.actions.changes import Shown
from services.data.errors import RecordNotFound, VersionMismatch
from services.data.queries import access, relations
from services.data.queries.views import show_one
from services.data.schema import snapshots
from services.data.schema.fields import Operation
from services.data.schema.snapshots import Collection, Schema
from services.data.schema.steadiness import rows_under, steady
from services.data.values import reading
from services.data.values.shaping import differing
from shared.rules.predicate import Asker

Given = Mapping[str, Any]
Versions = Callable[[int], bool]
"""Whether a version is among those that If-Match names."""


def create(session: Session, *, collection_name: str, given: Given, me: Asker | None) -> Shown:
    """A new record of these values and the fields' defaults."""
    schema = snapshots.held(session)
    collection = schema.collection(collection_name)
    access.refuse_outsiders(collection, "create", me)
    values = reading.new_record(collection.fields, given, owner_id=my_id(me))
    relations.check_targets(session, schema, collection, values, me)
    row = changes.fresh_row(values)
    if not access.may(collection, "create", row, me):
        raise access.refusal(me)
    return changes.write_new(session, collection, row, actor_id=my_id(me))


@steady
def view(session: Session, *, collection_name: str, record_id: str, me: Asker | None) -> Shown:
    """The record as it is; RecordNotFound where there is none that may be seen."""
    schema = snapshots.current(session)
    collection = schema.collection(collection_name)
    row = find(session, schema, collection, record_id)
    check_access(collection, "view", row, me)
    return Shown(show_one(session, collection, row))


def replace(
    session: Session, *, collection_name: str, record_id: str, given: Given, matches: Versions, me: Asker | None
) -> Shown:
    """The record with these values alone: a field that is not given becomes null, files stay."""
    schema, collection, row = hold(session, collection_name, record_id, "update", matches, me)
    values = reading.replacement(collection.fields, given)
    return update(session, schema, collection, row, values, me)


def change(
    session: Session, *, collection_name: str, record_id: str, given: Given, matches: Versions, me: Asker | None
) -> Shown:
    """The record with these values in place of its old ones."""
    schema, collection, row = hold(session, collection_name, record_id, "update", matches, me)
    values = reading.changes(collection.fields, given)
    return update(session, schema, collection, row, values, me)


def remove(session: Session, *, collection_name: str, record_id: str, matches: Versions, me: Asker | None) -> None:
    """Deletes the record and its files."""
    _, collection, row = hold(session, collection_name, record_id, "delete", matches, me)
    changes.write_deletion(session, collection, row, actor_id=my_id(me))


def hold(
    session: Session, collection_name: str, record_id: str, operation: Operation, matches: Versions, me: Asker | None
) -> tuple[Schema, Collection, dict[str, Any]]:
    """The schema and the record's row, both locked: the one who asks may do this to the record as it is."""
    schema = snapshots.held(session)
    collection = schema.collection(collection_name)
    row = find_locked(session, collection, record_id)
    check_access(collection, operation, row, me)
    if not matches(row["version"]):
        raise VersionMismatch
    return schema, collection, row


def check_access(collection: Collection, operation: Operation, row: Given | None, me: Asker | None) -> None:
    """RecordNotFound for a row that is not there or may not be seen, else a refusal where the rules say no."""
    if row is None or not access.may(collection, "view", row, me):
        raise RecordNotFound
    if not access.may(collection, operation, row, me):
        raise access.refusal(me)


def update(
    session: Session, schema: Schema, collection: Collection, row: dict, values: dict, me: Asker | None
) -> Shown:
    """Writes the values into a locked row, which the rules must allow for the record as it then is."""
    relations.check_targets(session, schema, collection, differing(row, values), me)
    if not access.may(collection, "update", {**row, **values}, me):
        raise access.refusal(me)
    return changes.write_update(session, collection, row, values, actor_id=my_id(me))


def find(session: Session, schema: Schema, collection: Collection, record_id: str) -> dict[str, Any] | None:
    """The row of a record as the schema's rules may see it; None where there is none."""
    found = rows_under(schema, session, select(collection.table).where(collection.table.c.id == record_id))
    return collection.as_row(found[0]) if found else None


def find_locked(session: Session, collection: Collection, record_id: str) -> dict[str, Any] | None:
    """The row of a record, which nobody else changes until this transaction ends; the schema must be held."""
    query = select(collection.table).where(collection.table.c.id == record_id).with_for_update()
    row = session.execute(query).first()
    return None if row is None else collection.as_row(row)


def my_id(me: Asker | None) -> str | None:
    """The id of the one who asks; None for the anonymous."""
    return me.id if me else None
