"""Lets go of files: their rows now, their objects when housekeeping comes by."""

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.data.models import DiscardedObject, StoredFile
from services.data.queries.portions import portions


def discard_files(session: Session, ids: Iterable[str | None]) -> None:
    """Deletes the rows of files that no record names any more."""
    for some in portions(set(ids) - {None}):
        for file in session.scalars(select(StoredFile).where(StoredFile.id.in_(some))):
            discard_objects(session, storage_keys(file))
        session.execute(delete(StoredFile).where(StoredFile.id.in_(some)))


def discard_objects(session: Session, keys: Iterable[str]) -> None:
    """Has housekeeping remove objects after this transaction has committed."""
    for key in keys:
        session.merge(DiscardedObject(storage_key=key))


def storage_keys(file: StoredFile) -> list[str]:
    """The objects of a file: its own and its variants'."""
    return [file.storage_key, *(made["storage_key"] for made in file.variants.values())]
