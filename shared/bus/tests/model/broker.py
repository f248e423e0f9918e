"""A broker that forgets, doubles, reorders and is off as it likes: nothing of the protocol may rely on it."""

from random import Random

from shared.bus.transport import Entry, LastNumbers


class BrokerOff(Exception):
    """The broker does not answer."""


class Broker:
    """Streams of entries, and each source's last numbers beside them."""

    def __init__(self, partitions: int):
        self.is_off = False
        self.streams: dict[int, list[tuple[int, Entry]]] = {partition: [] for partition in range(partitions)}
        self.told: dict[str, LastNumbers] = {}
        self._saved = self.streams, self.told
        self._id = 0

    def append(self, entries: list[Entry]) -> None:
        self._answer()
        for entry in entries:
            self._id += 1
            self.streams[entry.partition].append((self._id, entry))

    def end(self, partition: int) -> int:
        """The place after which new entries come."""
        self._answer()
        stream = self.streams[partition]
        return stream[-1][0] if stream else 0

    def read(self, partition: int, after: int, count: int) -> list[tuple[int, Entry]]:
        self._answer()
        return [row for row in self.streams[partition] if row[0] > after][:count]

    def tell_last(self, source: str, last: LastNumbers) -> None:
        self._answer()
        self.told[source] = last

    def last(self) -> dict[str, LastNumbers]:
        self._answer()
        return self.told

    def flush(self, _random: Random) -> None:
        """FLUSHALL, or a restart without a file."""
        self.streams, self.told = {partition: [] for partition in self.streams}, {}

    def save(self, _random: Random) -> None:
        """Writes its file; what comes later is its tail."""
        self._saved = {partition: list(stream) for partition, stream in self.streams.items()}, dict(self.told)

    def lose_tail(self, _random: Random) -> None:
        """Restarts from its file."""
        streams, told = self._saved
        self.streams, self.told = {partition: list(stream) for partition, stream in streams.items()}, dict(told)

    def trim(self, random: Random) -> None:
        for stream in self.streams.values():
            del stream[: random.randrange(len(stream) + 1)]

    def double(self, random: Random) -> None:
        """Brings entries again that were brought before."""
        if not self.is_off:
            self.append([entry for stream in self.streams.values() for _, entry in stream if random.random() < 0.3])

    def reorder(self, random: Random) -> None:
        """Brings entries in any order."""
        for stream in self.streams.values():
            entries = [entry for _, entry in stream]
            random.shuffle(entries)
            stream[:] = [(place, entry) for (place, _), entry in zip(stream, entries, strict=True)]

    def switch(self, _random: Random) -> None:
        """Off, or on again with what it held."""
        self.is_off = not self.is_off

    def _answer(self) -> None:
        if self.is_off:
            raise BrokerOff
