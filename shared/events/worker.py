"""What worker tells: jobs and what they made."""

from itertools import count
from typing import Any

from shared.events.base import Event


class JobEvent(Event):
    """An event of one job."""

    job_id: str
    owner_id: str | None
    kind: str
    state: str

    @property
    def subject(self) -> str:
        return f"jobs/{self.job_id}"


class JobChanged(JobEvent):
    """A job's state or progress (0 to 1) changed."""

    progress: float
    message: str | None = None


class JobFinished(JobEvent):
    """A job succeeded or failed for good; `notify` asks for a mail to its owner."""

    problem: dict[str, Any] | None
    notify: bool


class VariantsMade(Event):
    """Smaller versions of an uploaded picture lie in the object store, by name."""

    file_id: str
    variants: dict[str, dict[str, Any]]
    """Name to storage_key, content_type, width and height (pixels), size (bytes)."""

    @property
    def subject(self) -> str:
        return f"files/{self.file_id}"


class ImportRowsRead(Event):
    """Rows of a CSV file as text by column name; they come in order, the last one says so."""

    import_id: str
    first_line: int
    rows: list[dict[str, str]]
    is_last: bool
    lines: list[int] = []
    """The line of the file on which each row begins; they follow each other from `first_line` where it is left out."""

    @property
    def numbered_rows(self) -> list[tuple[int, dict[str, str]]]:
        """Each row with its line."""
        return list(zip(self.lines or count(self.first_line), self.rows, strict=False))

    @property
    def subject(self) -> str:
        return f"imports/{self.import_id}"


class ImportUnreadable(Event):
    """The file of an import is not the CSV that it claims to be."""

    import_id: str
    problem: dict[str, Any]

    @property
    def subject(self) -> str:
        return f"imports/{self.import_id}"
