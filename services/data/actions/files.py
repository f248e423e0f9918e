"""Files: put into a record's field, handed out to those who may view the record, given variants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from services.data.actions import changes, discards, records
from services.data.actions.changes import Shown
from services.data.errors import FieldNotFound, FileNotFound
from services.data.models import StoredFile
from services.data.queries import access
from services.data.queries.views import show_one
from services.data.schema import snapshots
from services.data.schema.snapshots import Collection
from services.data.schema.steadiness import steady
from shared import clock
from shared.bus import announce
from shared.events.data import FileStored
from shared.ids import new_id
from shared.objects import StoredObject
from shared.rules.predicate import Asker


@dataclass(frozen=True)
class Upload:
    """A file's content in the object store, with what the client said of it."""

    name: str
    content_type: str
    stored: StoredObject


@dataclass(frozen=True)
class Download:
    """What to hand out: which object, as what."""

    storage_key: str
    content_type: str
    name: str
    tag: str


@steady
def check_upload(session: Session, *, collection_name: str, record_id: str, field: str, me: Asker | None) -> None:
    """Ends an upload that can't succeed before its content is read."""
    schema = snapshots.current(session)
    collection = schema.collection(collection_name)
    row = records.find(session, schema, collection, record_id)
    records.check_access(collection, "update", row, me)
    if field not in collection.file_fields:
        raise FieldNotFound


def put(
    session: Session,
    *,
    collection_name: str,
    record_id: str,
    field: str,
    upload: Upload,
    matches: Callable[[int], bool],
    me: Asker | None,
) -> Shown:
    """The record with the uploaded file in its field; the file that was there before is let go."""
    schema, collection, row = records.hold(session, collection_name, record_id, "update", matches, me)
    if field not in collection.file_fields:
        raise FieldNotFound
    file_id, place = new_id(), {"collection": collection_name, "record_id": record_id, "field": field}
    session.execute(insert(StoredFile).values(**place, **_columns(file_id, upload, me)))
    shown = records.update(session, schema, collection, row, {field: file_id}, me)
    stored = FileStored(
        **place,
        file_id=file_id,
        content_type=upload.content_type,
        size=upload.stored.size,
        storage_key=upload.stored.key,
        owner_id=records.my_id(me),
    )
    announce(session, stored, is_ordered=True)
    return shown


@steady
def find(session: Session, *, file_id: str, variant: str | None, me: Asker | None) -> Download:
    """The file or one of its variants; FileNotFound where the one who asks may not view its record."""
    schema = snapshots.current(session)
    file = session.get(StoredFile, file_id)
    if file is None or file.collection not in schema.collections:
        raise FileNotFound
    collection = schema.collections[file.collection]
    row = records.find(session, schema, collection, file.record_id)
    if row is None or not access.may(collection, "view", row, me):
        raise FileNotFound
    if variant is None:
        return Download(file.storage_key, file.content_type, file.name, file.id)
    if variant not in file.variants:
        raise FileNotFound
    made = file.variants[variant]
    return Download(made["storage_key"], made["content_type"], f"{variant}-{file.name}", made["storage_key"][-32:])


def add_variants(
    session: Session, *, file_id: str, variants: Mapping[str, Mapping[str, Any]], actor_id: str | None
) -> None:
    """Gives a file its variants and its record a new version; variants of a file that was replaced are let go."""
    held = hold_file(session, file_id)
    made = {variant["storage_key"] for variant in variants.values()}
    if held is None:
        discards.discard_objects(session, made)
        return
    file, collection, row = held
    was = show_one(session, collection, row)
    discards.discard_objects(session, {variant["storage_key"] for variant in file.variants.values()} - made)
    file.variants = {name: dict(variant) for name, variant in variants.items()}
    changes.bump(session, collection, row, {}, was=was, actor_id=actor_id)


def hold_file(session: Session, file_id: str) -> tuple[StoredFile, Collection, dict[str, Any]] | None:
    """A file and its record's row, which is locked; None where the file is in no record any more."""
    schema = snapshots.held(session)
    file = session.get(StoredFile, file_id)
    if file is None or file.collection not in schema.collections:
        return None
    collection = schema.collections[file.collection]
    row = records.find_locked(session, collection, file.record_id)
    return (file, collection, row) if row and row.get(file.field) == file_id else None


def _columns(file_id: str, upload: Upload, me: Asker | None) -> dict[str, Any]:
    return {
        "id": file_id,
        "name": upload.name,
        "content_type": upload.content_type,
        "size": upload.stored.size,
        "sha256": upload.stored.sha256,
        "storage_key": upload.stored.key,
        "variants": {},
        "owner_id": records.my_id(me),
        "created_at": clock.now(),
    }
