"""What the bus asks of a broker: append a batch, read on, tell the last numbers, poke. All of it hints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class TransportDown(Exception):
    """The broker does not answer; nothing is lost, the feed is read instead."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered event as it travels: which source's which number, and the envelope's JSON text."""

    source: str
    incarnation: str
    partition: int
    number: int
    type: str
    envelope: str


@dataclass(frozen=True, slots=True)
class LastNumbers:
    """What a source's relay has given last: `beat` changes every second while the relay lives."""

    incarnation: str
    numbers: dict[int, int]
    beat: str


class Reader(Protocol):
    """Reads partitions on from where it stands; forgetting, doubling and reordering are allowed to it."""

    def read(self, *, wait_seconds: float, count: int) -> list[Entry]:
        """The next entries, [] when none came in time. Raises TransportDown."""

    def skip_to_end(self) -> None:
        """Goes on with what arrives from now on. Raises TransportDown."""


class Transport(Protocol):
    """A broker. Every method raises TransportDown when it does not answer."""

    def append(self, entries: Sequence[Entry]) -> None:
        """Appends in order, all in one round trip."""

    def reader(self, partitions: Sequence[int]) -> Reader:
        """A reader of these partitions that stands at their end."""

    def tell_last(self, source: str, last: LastNumbers) -> None:
        """Puts a source's last numbers beside the streams."""

    def last(self, sources: Sequence[str]) -> dict[str, LastNumbers]:
        """The last numbers that the sources' relays have told; old ones too, whose beat stands still."""

    def poke(self, service: str) -> None:
        """Says that the service's bus role has something to do; many pokes are one."""

    def await_poke(self, service: str, seconds: float) -> bool:
        """Waits for a poke; False when none came in time."""
