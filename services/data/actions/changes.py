"""Writes one record's change and announces it: the only place where a record's row is written singly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from services.data.actions import discards
from services.data.queries.conflicts import naming_conflicts
from services.data.queries.views import show, show_one
from services.data.schema.snapshots import Collection
from services.data.values.shaping import differing
from shared import clock
from shared.bus import announce
from shared.events.data import RecordChanged
from shared.ids import new_id

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """A record as its answer shows it."""

    record: dict[str, Any]

    @property
    def version(self) -> int:
        return self.record["version"]


def fresh_row(values: Row) -> dict[str, Any]:
    """The row of a record that is made now."""
    now = clock.now()
    return {"id": new_id(), "version": 1, "created_at": now, "updated_at": now, **values}


def write_new(session: Session, collection: Collection, row: Row, *, actor_id: str | None) -> Shown:
    """Inserts a row of `fresh_row` and announces it."""
    with naming_conflicts(collection):
        session.execute(insert(collection.table).values(**row))
    after = show_one(session, collection, row)
    announce(session, changed(collection, "created", None, after, actor_id), is_ordered=True)
    return Shown(after)


def write_update(session: Session, collection: Collection, before: Row, values: Row, *, actor_id: str | None) -> Shown:
    """Updates a locked row with the values that differ and announces it; announces nothing when none does."""
    values = differing(before, values)
    if not values:
        return Shown(show_one(session, collection, before))
    return bump(session, collection, before, values, actor_id=actor_id)


def bump(
    session: Session,
    collection: Collection,
    before: Row,
    values: Row,
    *,
    was: dict[str, Any] | None = None,
    actor_id: str | None,
) -> Shown:
    """Gives a locked row its next version, with these values, and announces it; `was` is how it showed before."""
    values = {**values, "version": before["version"] + 1, "updated_at": clock.now()}
    table = collection.table
    with naming_conflicts(collection):
        session.execute(update(table).where(table.c.id == before["id"]).values(**values))
    then, now = show(session, collection, [before, {**before, **values}])
    announce(session, changed(collection, "updated", was or then, now, actor_id), is_ordered=True)
    discards.discard_files(session, {before[field] for field in collection.file_fields if field in values})
    return Shown(now)


def write_deletion(session: Session, collection: Collection, row: Row, *, actor_id: str | None) -> None:
    """Deletes a locked row and its files and announces it."""
    before, table = show_one(session, collection, row), collection.table
    with naming_conflicts(collection):
        session.execute(delete(table).where(table.c.id == row["id"]))
    announce(session, changed(collection, "deleted", before, None, actor_id), is_ordered=True)
    discards.discard_files(session, {row[field] for field in collection.file_fields})


def changed(
    collection: Collection, change: str, before: dict | None, after: dict | None, actor_id: str | None
) -> RecordChanged:
    """The event of a change; a deletion has the version after the last."""
    version = after["version"] if after else before["version"] + 1
    return RecordChanged(
        collection=collection.name,
        record_id=(after or before)["id"],
        change=change,
        before=before,
        after=after,
        version=version,
        rules_version=collection.rules_version,
        actor_id=actor_id,
    )
