"""Imports: a CSV's rows are set aside as they come, and become records all at once or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from services.data.actions import discards, importing
from services.data.errors import ImportCollectionGone, ImportNotFound, ImportTooLong
from services.data.models import Import, ImportRow
from services.data.schema import snapshots
from services.data.schema.snapshots import Collection, Schema
from shared import clock
from shared.bus import announce
from shared.events.data import ImportFinished, ImportProgressed, ImportRequested
from shared.ids import new_id
from shared.objects import StoredObject
from shared.problems import Problem
from shared.rules.predicate import Asker

MAX_ROWS = 20_000
QUEUED, RUNNING, SUCCEEDED, FAILED = "queued", "running", "succeeded", "failed"


def request(session: Session, *, collection_name: str, stored: StoredObject, me: Asker) -> Import:
    """An import of a CSV that lies in the object store; the worker will read it."""
    collection = snapshots.held(session).collection(collection_name)
    entry = Import(
        id=new_id(),
        collection=collection.name,
        collection_number=collection.number,
        owner_id=me.id,
        state=QUEUED,
        storage_key=stored.key,
        rows_staged=0,
        rows_written=0,
        created_at=clock.now(),
    )
    session.add(entry)
    asked = ImportRequested(import_id=entry.id, collection=collection.name, storage_key=stored.key, owner_id=me.id)
    announce(session, asked, is_ordered=True)
    return entry


def find(session: Session, *, import_id: str, me: Asker) -> Import:
    """The import, for its owner and for admins."""
    entry = session.get(Import, import_id)
    if entry is None or (entry.owner_id != me.id and me.role != "admin"):
        raise ImportNotFound
    return entry


def stage(session: Session, *, import_id: str, rows: Sequence[tuple[int, Mapping[str, str]]], is_last: bool) -> None:
    """Checks the next rows, each with its line, and sets them aside; after the last, all become records.

    A bad row ends the import.
    """
    schema, entry = snapshots.held(session), hold(session, import_id)
    if entry is None:
        return
    try:
        collection = find_collection(schema, entry)
        staged = importing.checked_rows(session, schema, collection, rows, owner_id=entry.owner_id)
        set_aside(session, entry, staged)
        if is_last:
            finish(session, entry, collection)
    except Problem as problem:
        fail(session, entry, problem.to_dict())


def set_aside(session: Session, entry: Import, staged: list[dict[str, Any]]) -> None:
    """Keeps checked rows until the rest has come, and tells how many there are."""
    if entry.rows_staged + len(staged) > MAX_ROWS:
        raise ImportTooLong(f"An import has at most {MAX_ROWS} rows; nothing of it was written.")
    if staged:
        session.execute(insert(ImportRow), [{"import_id": entry.id, **row} for row in staged])
    entry.state, entry.rows_staged = RUNNING, entry.rows_staged + len(staged)
    announce(session, ImportProgressed(import_id=entry.id, rows_staged=entry.rows_staged), is_ordered=True)


def finish(session: Session, entry: Import, collection: Collection) -> None:
    """Makes records of all the rows that were set aside."""
    staged = session.execute(
        select(ImportRow.line, ImportRow.record).where(ImportRow.import_id == entry.id).order_by(ImportRow.line)
    ).all()
    importing.write_rows(session, collection, staged, actor_id=entry.owner_id)
    entry.rows_written = len(staged)
    end(session, entry, SUCCEEDED, None)


def fail(session: Session, entry: Import, problem: dict[str, Any]) -> None:
    """Ends the import with nothing written."""
    end(session, entry, FAILED, problem)


def give_up(session: Session, *, import_id: str, problem: dict[str, Any]) -> None:
    """Ends an import whose file can't be read."""
    entry = hold(session, import_id)
    if entry is not None:
        fail(session, entry, problem)


def end(session: Session, entry: Import, state: str, problem: dict[str, Any] | None) -> None:
    """Puts the import into its last state, tells it, and lets go of what it was made from."""
    entry.state, entry.problem, entry.finished_at = state, problem, clock.now()
    session.execute(delete(ImportRow).where(ImportRow.import_id == entry.id))
    discards.discard_objects(session, [entry.storage_key])
    ended = ImportFinished(import_id=entry.id, rows_written=entry.rows_written, problem=problem)
    announce(session, ended, is_ordered=True)


def hold(session: Session, import_id: str) -> Import | None:
    """The import, locked; None where there is none or it has ended."""
    open_ = select(Import).where(Import.id == import_id, Import.state.in_((QUEUED, RUNNING)))
    return session.scalar(open_.with_for_update())


def find_collection(schema: Schema, entry: Import) -> Collection:
    """The collection that the import was asked for, if it is still that one."""
    collection = schema.collections.get(entry.collection)
    if collection is None or collection.number != entry.collection_number:
        raise ImportCollectionGone
    return collection
