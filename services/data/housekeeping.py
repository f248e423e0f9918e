"""Keeps the object store in step with the rows: what is let go of goes, and what nobody ever referred to."""

from collections.abc import Callable, Iterator

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.data.models import DiscardedObject, Import, StoredFile
from services.data.queries.portions import portions
from shared.objects import ObjectStore

AREAS = ("files", "imports", "variants")
ORPHANED_SECONDS = 24 * 3600.0
"""So long a process may take between putting an object and committing the row, or the event, that names it."""


def pruner(store: ObjectStore) -> Callable[[Session], int]:
    """What the bus role calls now and then; it says how many objects it removed."""

    def prune(session: Session) -> int:
        removed = remove_discarded(session, store) + remove_orphans(session, store)
        return removed + store.discard_incoming(ORPHANED_SECONDS)

    return prune


def remove_discarded(session: Session, store: ObjectStore) -> int:
    """Removes the objects that committed transactions let go of."""
    keys = session.scalars(select(DiscardedObject.storage_key)).all()
    for key in keys:
        store.delete(key)
    for some in portions(keys):
        session.execute(delete(DiscardedObject).where(DiscardedObject.storage_key.in_(some)))
    return len(keys)


def remove_orphans(session: Session, store: ObjectStore) -> int:
    """Removes old objects that no row names: what was put for a transaction that never committed."""
    removed = 0
    for some in portions(key for area in AREAS for key in store.older_than(ORPHANED_SECONDS, area=area)):
        for key in set(some) - set(_named(session, some)):
            store.delete(key)
            removed += 1
    return removed


def _named(session: Session, keys: list[str]) -> Iterator[str]:
    yield from session.scalars(select(StoredFile.storage_key).where(StoredFile.storage_key.in_(keys)))
    yield from session.scalars(select(Import.storage_key).where(Import.storage_key.in_(keys)))
    if any(key.startswith("variants/") for key in keys):
        for variants in session.scalars(select(StoredFile.variants)):
            yield from (made["storage_key"] for made in variants.values())
