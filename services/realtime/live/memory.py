"""The recent changes of one partition, from which a socket that was away for a moment is answered."""

from collections import deque
from itertools import islice

from services.realtime.live.changes import Change

MAX_CHANGES = 1000
MAX_BYTES = 8_000_000


class Memory:
    """All changes after `floor`; the eldest are forgotten when there are too many or they are too large."""

    def __init__(self, floor: int, *, max_changes: int = MAX_CHANGES, max_bytes: int = MAX_BYTES):
        self.floor = floor
        self._max_changes, self._max_bytes = max_changes, max_bytes
        self._changes: deque[Change] = deque()
        self._bytes = 0

    def keep(self, change: Change) -> None:
        """Remembers the newest change."""
        self._changes.append(change)
        self._bytes += change.size
        while len(self._changes) > self._max_changes or self._bytes > self._max_bytes:
            eldest = self._changes.popleft()
            self.floor, self._bytes = eldest.offset.number, self._bytes - eldest.size

    def after(self, number: int, limit: int) -> list[Change] | None:
        """Up to `limit` changes after this number, eldest first; None when some of them are forgotten."""
        if number < self.floor:
            return None
        return list(islice((change for change in self._changes if change.offset.number > number), limit))
