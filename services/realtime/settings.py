"""What realtime is told by its environment."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from shared.settings import Settings


class RealtimeSettings(Settings):
    """The base settings, and which web pages may open sockets."""

    service: ClassVar[str] = "realtime"

    allowed_origins: list[str] = Field(
        default=[], description='JSON: origins of web pages that may connect, besides the gateway\'s own; ["*"] is all'
    )
    outside_services_file: Path | None = Field(
        None, description="JSON: service outside -> its public key, the events it may read; read anew when it changes"
    )
