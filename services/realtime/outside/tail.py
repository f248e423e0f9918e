"""The newest events of every source as they arrived here, so that readers at the end of the log ask no feed."""

from collections import deque
from itertools import islice

from gevent.event import Event as Flag

from services.realtime.live.stream import Listener
from shared.bus.transport import Entry

MAX_EVENTS, MAX_BYTES = 500, 500_000
"""Of one partition of one source."""


class Recent:
    """All events of a partition after `floor`; the eldest are forgotten when they are too many or too large."""

    def __init__(self, incarnation: str, floor: int):
        self.incarnation, self.floor, self.newest = incarnation, floor, floor
        self._entries: deque[Entry] = deque()
        self._bytes = 0

    def keep(self, entry: Entry) -> None:
        """Remembers the next event."""
        self._entries.append(entry)
        self._bytes += len(entry.envelope)
        self.newest = entry.number
        while len(self._entries) > MAX_EVENTS or self._bytes > MAX_BYTES:
            eldest = self._entries.popleft()
            self.floor, self._bytes = eldest.number, self._bytes - len(eldest.envelope)

    def after(self, number: int, limit: int) -> list[Entry] | None:
        """Up to `limit` events after this number; None where some of them are forgotten, or it is beyond the newest."""
        if not self.floor <= number <= self.newest:
            return None
        skipped = max(0, len(self._entries) - (self.newest - number))
        return list(islice(self._entries, skipped, skipped + limit))


class Tail:
    """Listens beside the hub to all that the stream brings; whoever waits for news waits for `arrival`."""

    def __init__(self, listener: Listener):
        self._listener = listener
        self._recent: dict[tuple[str, int], Recent] = {}
        self.arrival = Flag()

    def prepare(self, source: str) -> None:
        self._listener.prepare(source)

    def begun(self, source: str) -> None:
        for place in [place for place in self._recent if place[0] == source]:
            del self._recent[place]
        self._listener.begun(source)

    def take(self, entry: Entry) -> int:
        self._keep(entry)
        self.wake()
        return self._listener.take(entry)

    def wake(self) -> None:
        """Has everyone who waits look again."""
        arrived, self.arrival = self.arrival, Flag()
        arrived.set()

    def after(self, source: str, incarnation: str, partition: int, number: int, limit: int) -> list[Entry] | None:
        """What followed this number here; None where only the source's feed can say."""
        recent = self._recent.get((source, partition))
        if recent is None or recent.incarnation != incarnation:
            return None
        return recent.after(number, limit)

    def _keep(self, entry: Entry) -> None:
        place = entry.source, entry.partition
        recent = self._recent.get(place)
        if recent is None or recent.incarnation != entry.incarnation or recent.newest + 1 != entry.number:
            recent = self._recent[place] = Recent(entry.incarnation, entry.number - 1)
        recent.keep(entry)
