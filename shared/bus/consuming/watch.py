"""When to ask a source's feed: never while the broker brings everything, every second while it does not."""

import time

from shared.bus.decisions import following
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
        self._behind: dict[int, tuple[tuple[str, int], float]] = {}
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
        """The broker's last numbers are ahead in a partition that has not moved for a while, whatever others do."""
        self._behind = {
            partition: (place, self._since(partition, place, now))
            for partition, place in known.items()
            if following.is_behind(place, self._last.incarnation, self._last.numbers.get(partition, 0))
        }
        return any(now - since >= ASK_SECONDS for _, since in self._behind.values())

    def _since(self, partition: int, place: tuple[str, int], now: float) -> float:
        stood, since = self._behind.get(partition, (None, now))
        return since if stood == place else now
