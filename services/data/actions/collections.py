"""Collections: an admin defines them, and each is a table of its own from the same transaction on."""

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.data.actions import discards
from services.data.errors import (
    CollectionExists,
    CollectionReferenced,
    DefinitionInvalid,
    VersionMismatch,
)
from services.data.models import CollectionRow, StoredFile
from services.data.queries import access
from services.data.schema import snapshots
from services.data.schema.alteration import add_column
from services.data.schema.fields import FieldDefinition, Rules
from services.data.schema.snapshots import Collection, Schema
from services.data.values.reading import default_error
from shared import clock
from shared.bus import announce
from shared.events.data import CollectionChanged

MAX_FIELDS = 100


def create(session: Session, *, name: str, fields: Sequence[FieldDefinition], rules: Rules) -> Collection:
    """A new collection and its empty table."""
    schema = snapshots.locked(session)
    if name in schema.collections:
        raise CollectionExists
    check_fields(fields, {*schema.collections, name}, first=0)
    access.check_rules(rules, {field.name: field for field in fields})
    number, now = schema.number + 1, clock.now()
    row = CollectionRow(name=name, number=number, rules_version=number, created_at=now, updated_at=now)
    row.fields, row.rules = [field.model_dump(mode="json") for field in fields], rules.model_dump()
    session.add(row)
    made = snapshots.advance(session).collection(name)
    made.table.create(session.connection(), checkfirst=False)
    announce_change(session, made, "created")
    return made


def every(session: Session) -> list[Collection]:
    """All collections by name."""
    return list(snapshots.current(session).collections.values())


def everything(session: Session) -> Schema:
    """The schema that is in force."""
    return snapshots.current(session)


def find(session: Session, *, name: str) -> Collection:
    """The collection of that name."""
    return snapshots.current(session).collection(name)


def change(
    session: Session,
    *,
    name: str,
    rules: dict[str, str | None],
    new_fields: Sequence[FieldDefinition],
    matches: Callable[[int], bool],
) -> Collection:
    """The collection with these rules in place of its old ones, and with more fields."""
    schema = snapshots.locked(session)
    old = schema.collection(name)
    if not matches(old.rules_version):
        raise VersionMismatch
    fields = [*old.fields.values(), *new_fields]
    check_fields(fields, schema.collections.keys(), first=len(old.fields))
    check_added(new_fields)
    changed_rules = old.rules.model_copy(update=rules)
    access.check_rules(changed_rules, {field.name: field for field in fields})
    row = session.get_one(CollectionRow, name)
    row.fields, row.rules = [field.model_dump(mode="json") for field in fields], changed_rules.model_dump()
    row.rules_version, row.updated_at = schema.number + 1, clock.now()
    new = snapshots.advance(session).collection(name)
    for field in new_fields:
        add_column(session.connection(), new.table, field)
    announce_change(session, new, "updated")
    return new


def remove(session: Session, *, name: str, matches: Callable[[int], bool]) -> None:
    """Deletes the collection with all its records and files."""
    schema = snapshots.locked(session)
    old = schema.collection(name)
    if not matches(old.rules_version):
        raise VersionMismatch
    if others := schema.referring_to(name):
        raise CollectionReferenced(f"These collections have relations to it: {', '.join(others)}.")
    session.delete(session.get_one(CollectionRow, name))
    number = snapshots.advance(session).number
    old.table.drop(session.connection(), checkfirst=False)
    files = session.scalars(select(StoredFile.id).where(StoredFile.collection == name)).all()
    discards.discard_files(session, files)
    gone = CollectionChanged(collection=name, change="deleted", definition=None, rules_version=number)
    announce(session, gone, is_ordered=True)


def announce_change(session: Session, collection: Collection, change: str) -> None:
    """Tells the collection's whole definition, as it is from now on."""
    event = CollectionChanged(
        collection=collection.name,
        change=change,
        definition=collection.definition,
        rules_version=collection.rules_version,
    )
    announce(session, event, is_ordered=True)


def check_fields(fields: Sequence[FieldDefinition], collections: set[str], *, first: int) -> None:
    """DefinitionInvalid names each field that can't be beside the others; pointers count from the `first` given one."""
    errors, seen = [], set()
    for index, field in enumerate(fields):
        pointer = f"#/fields/{index - first}"
        if field.name in seen:
            errors.append({"pointer": f"{pointer}/name", "detail": "is the name of another field"})
        if field.collection is not None and field.collection not in collections:
            errors.append({"pointer": f"{pointer}/collection", "detail": "is no collection"})
        if complaint := default_error(field):
            errors.append({"pointer": f"{pointer}/default", "detail": complaint})
        seen.add(field.name)
    if len(fields) > MAX_FIELDS:
        errors.append({"pointer": "#/fields", "detail": f"are more than {MAX_FIELDS}"})
    if errors:
        raise DefinitionInvalid(errors=errors)


def check_added(fields: Sequence[FieldDefinition]) -> None:
    """DefinitionInvalid where a field asks for a value that the records that are there don't have."""
    errors = [
        {"pointer": f"#/fields/{index}/required", "detail": "can't be asked of the records that are there"}
        for index, field in enumerate(fields)
        if field.required
    ]
    if errors:
        raise DefinitionInvalid(errors=errors)
