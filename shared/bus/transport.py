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
        """The next entries, [] when none came in time; what was read before is done with. Raises TransportDown."""

    def last(self) -> dict[str, LastNumbers]:
        """Each source's last numbers as far as they are known here; old ones too, whose beat stands still. Raises
        TransportDown."""

    def given_up(self) -> list[Entry]:
        """What the broker brings no more, since reader after reader ended with it in hand; told once, a hint."""

    def close(self) -> None:
        """Leaves its place to another reader; never raises."""


class Transport(Protocol):
    """A broker, used by any number of threads. Every method raises TransportDown when it does not answer in time."""

    def append(self, entries: Sequence[Entry]) -> None:
        """Appends in order, all in one round trip."""

    def reader(self, partitions: Sequence[int], sources: Sequence[str], *, service: str | None = None) -> Reader:
        """A reader of these partitions that brings at least what these sources append from now on.

        With a service's name its processes may share what comes, each entry to one of them; without one the reader
        gets everything for itself.
        """

    def tell_last(self, source: str, last: LastNumbers) -> None:
        """Puts a source's last numbers beside the streams."""

    def last_told(self, source: str) -> LastNumbers | None:
        """What was told of a source last, however long ago; None when nothing is known."""

    def poke(self, service: str) -> None:
        """Says that the service's bus role has something to do; many pokes are one."""

    def await_poke(self, service: str, seconds: float) -> bool:
        """Waits for a poke; False when none came in time."""

    def close(self) -> None:
        """Lets go of every connection; the next use makes new ones. Never raises."""
