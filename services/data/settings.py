"""Data's settings."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from shared.settings import Settings


class DataSettings(Settings):
    """What data reads from its environment."""

    service: ClassVar[str] = "data"

    files_dir: Path = Field(description="The object store's folder; the gateway and the worker reach it too")
    max_upload_bytes: int = Field(50 * 1024 * 1024, ge=1, description="The largest file that is taken")
