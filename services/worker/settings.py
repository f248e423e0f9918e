"""What worker is told by its environment."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from shared.settings import Settings


class WorkerSettings(Settings):
    """The base settings, where files lie, how long finished jobs are kept."""

    service: ClassVar[str] = "worker"

    files_dir: Path = Field(description="The object store's folder; data and the gateway reach it too")
    job_keep_days: int = Field(30, ge=1, description="Finished jobs older than this are deleted by housekeeping")
