"""Which web pages may open sockets: the gateway's own, those on the host that was asked, and those of the settings."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from services.realtime.settings import RealtimeSettings


def may_connect(settings: RealtimeSettings) -> Callable[[str | None, dict[str, Any]], bool]:
    """A function of (origin, WSGI environment); a client that names no origin is no web page."""
    allowed = {settings.public_url, *(origin.rstrip("/") for origin in settings.allowed_origins)}

    def is_allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        if origin is None or "*" in allowed or origin in allowed:
            return True
        return urlsplit(origin).netloc == environ.get("HTTP_HOST")

    return is_allowed
