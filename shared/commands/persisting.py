"""What a database that is away for a moment keeps from happening is tried again, at once and then every second."""

import time
from collections.abc import Callable
from typing import TypeVar

from shared.database.errors import is_passing
from shared.logs import get

T = TypeVar("T")
PAUSE_SECONDS = 1.0

log = get("commands")


def persist(act: Callable[[], T], *, seconds: float, what: str) -> T:
    """What `act` gives, or raises; for so many seconds an error that passes by itself is no reason to give up."""
    pause, deadline = 0.0, time.monotonic() + seconds
    while True:
        try:
            return act()
        except Exception as error:
            if not is_passing(error) or time.monotonic() + pause > deadline:
                raise
            log.warning("the database is away, tried again", what=what, error=type(error).__name__)
        time.sleep(pause)
        pause = PAUSE_SECONDS
