"""Data's own tables; the tables that hold records are built at run time, see schema/tables.py."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.database import Id, JsonDocument, Timestamp, model_base

Base = model_base()


class CollectionRow(Base):
    """A collection as its admin defined it."""

    __tablename__ = "collections"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    """Names its table: a collection made anew under an old name gets a table of its own."""
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JsonDocument)
    rules: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    rules_version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Timestamp)
    updated_at: Mapped[datetime] = mapped_column(Timestamp)


class SchemaVersion(Base):
    """One row: its number and stamp change with every change of any collection."""

    __tablename__ = "schema_version"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    stamp: Mapped[str] = mapped_column(Id)


class StoredFile(Base):
    """A file in a record's field; its content lies in the object store."""

    __tablename__ = "files"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    collection: Mapped[str] = mapped_column(String(40), index=True)
    record_id: Mapped[str] = mapped_column(Id)
    field: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(127))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(64), unique=True)
    variants: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    owner_id: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(Timestamp)


class DiscardedObject(Base):
    """An object of the store that nothing refers to any more; housekeeping removes it."""

    __tablename__ = "discarded_objects"

    storage_key: Mapped[str] = mapped_column(String(64), primary_key=True)


class Import(Base):
    """A CSV file on its way into a collection."""

    __tablename__ = "imports"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    collection: Mapped[str] = mapped_column(String(40), index=True)
    collection_number: Mapped[int] = mapped_column(BigInteger)
    owner_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(10))
    storage_key: Mapped[str] = mapped_column(String(64))
    rows_staged: Mapped[int] = mapped_column(Integer, default=0)
    rows_written: Mapped[int] = mapped_column(Integer, default=0)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    created_at: Mapped[datetime] = mapped_column(Timestamp)
    finished_at: Mapped[datetime | None] = mapped_column(Timestamp)


class ImportRow(Base):
    """A row of an import that was found good and waits for the rest."""

    __tablename__ = "import_rows"

    import_id: Mapped[str] = mapped_column(Id, ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    record: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
