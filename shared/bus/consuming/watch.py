"""When to ask a source's feed: never while the broker brings everything, every second while it does not."""

import time

from shared.bus.transport import LastNumbers

STALE_SECONDS = 3.0
"""Numbers whose beat has not changed for so long are no longer believed."""
ASK_SECONDS = 1.0
REPORT_SECONDS = 30.0


class SourceWatch:
    """What is known of one source, and so whether its feed is due. `clock` gives seconds, monotonic."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._last: LastNumbers | None = None
        self._fresh_until = 0.0
        self._ask_at = 0.0
        self._report_at = 0.0
        self._behind_since = 0.0
        self._behind_at: dict[int, tuple[str, int]] | None = None
        self._is_doubted = True

    def tell(self, last: LastNumbers) -> None:
        """Notes a source's last numbers as the broker has them."""
        if self._last is None or last.beat != self._last.beat:
            self._last, self._fresh_until = last, self._clock() + STALE_SECONDS

    def silence(self) -> None:
        """The broker does not answer."""
        self._fresh_until = 0.0

    def doubt(self) -> None:
        """Something is missing: ask as soon as may be."""
        self._is_doubted = True

    def asked(self, *, is_answered: bool, is_more: bool) -> None:
        """Notes a question; an answer that had events has the next one asked at once."""
        now = self._clock()
        self._ask_at = now if is_more else now + ASK_SECONDS
        if is_answered:
            self._report_at = now + REPORT_SECONDS
            self._is_doubted = is_more

    def is_due(self, known: dict[int, tuple[str, int]]) -> bool:
        """Whether to ask now; `known` is (incarnation, number) handled per partition."""
        now = self._clock()
        if now < self._ask_at:
            return False
        if self._is_doubted or now >= self._fresh_until or now >= self._report_at:
            return True
        return self._is_left_behind(known, now)

    def _is_left_behind(self, known: dict[int, tuple[str, int]], now: float) -> bool:
        """The broker's last numbers are ahead, and it has not brought what is between for a while."""
        reached = self._last is not None and all(
            incarnation == self._last.incarnation and number >= self._last.numbers.get(partition, 0)
            for partition, (incarnation, number) in known.items()
        )
        if reached or known != self._behind_at:  # there, or on the way there
            self._behind_since, self._behind_at = now, None if reached else known
            return False
        return now - self._behind_since >= ASK_SECONDS
