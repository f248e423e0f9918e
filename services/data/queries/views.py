"""What answers and events show of records: their values as JSON, their files in full."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.data.models import StoredFile
from services.data.schema.snapshots import Collection
from services.data.values.shaping import as_record

FILES = "/v1/data/files"


def show(session: Session, collection: Collection, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows as clients see them; one query for all their files."""
    records = [as_record(row) for row in rows]
    wanted = {record[field] for record in records for field in collection.file_fields} - {None}
    if wanted:
        files = {file.id: show_file(file) for file in session.scalars(_files(wanted))}
        for record in records:
            for field in collection.file_fields:
                record[field] = files.get(record[field])
    return records


def show_one(session: Session, collection: Collection, row: Mapping[str, Any]) -> dict[str, Any]:
    """One row as clients see it."""
    return show(session, collection, [row])[0]


def show_file(file: StoredFile) -> dict[str, Any]:
    """A file as it stands in its record."""
    url = f"{FILES}/{file.id}"
    shown = {name: _show_variant(f"{url}/{name}", made) for name, made in sorted(file.variants.items())}
    return {
        "id": file.id,
        "name": file.name,
        "type": file.content_type,
        "size": file.size,
        "url": url,
        "variants": shown,
    }


def _show_variant(url: str, made: Mapping[str, Any]) -> dict[str, Any]:
    sizes = {name: made[name] for name in ("width", "height", "size")}
    return {"type": made["content_type"], **sizes, "url": url}


def _files(ids: Iterable[str]):
    return select(StoredFile).where(StoredFile.id.in_(ids))
