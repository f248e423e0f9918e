"""What data tells: collections, records, files, imports."""

from typing import Any, Literal

from shared.events.base import Event

Change = Literal["created", "updated", "deleted"]


class CollectionEvent(Event):
    """An event within one collection; they share a partition, so that rules and records keep their order."""

    collection: str

    @property
    def subject(self) -> str:
        return f"collections/{self.collection}"

    @property
    def partition_key(self) -> str:
        return f"collections/{self.collection}"


class CollectionChanged(CollectionEvent):
    """A collection was created, changed (fields or rules) or deleted."""

    change: Change
    definition: dict[str, Any] | None
    """Name, fields and rules as they are from now on; None when deleted."""
    rules_version: int


class RecordChanged(CollectionEvent):
    """A record was created, updated or deleted: the whole record before and after."""

    record_id: str
    change: Change
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    version: int
    rules_version: int
    actor_id: str | None

    @property
    def subject(self) -> str:
        return f"collections/{self.collection}/records/{self.record_id}"


class FileStored(CollectionEvent):
    """A file was uploaded to a record's field and lies in the object store."""

    file_id: str
    record_id: str
    field: str
    content_type: str
    size: int
    storage_key: str
    owner_id: str | None

    @property
    def subject(self) -> str:
        return f"files/{self.file_id}"


class ImportEvent(Event):
    """An event of one import."""

    import_id: str

    @property
    def subject(self) -> str:
        return f"imports/{self.import_id}"


class ImportRequested(ImportEvent):
    """A CSV file lies in the object store and waits to be read into a collection."""

    collection: str
    storage_key: str
    owner_id: str


class ImportProgressed(ImportEvent):
    """So many rows of the import have been checked and set aside; none is visible yet."""

    rows_staged: int


class ImportFinished(ImportEvent):
    """All rows of the import are records now, or none is and `problem` says why."""

    rows_written: int
    problem: dict[str, Any] | None
