"""What one socket may hold and how fast it may send."""

import time
from collections.abc import Callable

MAX_SUBSCRIPTIONS = 100
MAX_ROOMS = 100
MAX_QUEUED = 2000
"""Messages that wait for a socket to take them; one that lets more gather is cut."""
MAX_MESSAGE_BYTES = 64_000
"""Of one message of a client, whatever it holds."""
MAX_TEXT = 4000
"""Characters of a chat message."""

EVENTS_PER_SECOND = 20.0
BURST = 60.0


class Allowance:
    """A token bucket: `BURST` events at once, `EVENTS_PER_SECOND` for long."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._tokens, self._filled_at = BURST, clock()

    def take(self) -> bool:
        """Whether one more event is allowed now."""
        now = self._clock()
        self._tokens = min(BURST, self._tokens + (now - self._filled_at) * EVENTS_PER_SECOND)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
