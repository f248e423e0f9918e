"""Data's settings."""

from pathlib import Path
from typing import ClassVar

from shared.settings import Settings


class DataSettings(Settings):
    """What data reads from its environment."""

    service: ClassVar[str] = "data"

    files_dir: Path
    """The object store's folder; the gateway and the worker reach it too."""
    max_upload_bytes: int = 50 * 1024 * 1024
