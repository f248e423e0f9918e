"""The consumer's place in a source's events: what follows it, when it goes elsewhere, when it may move."""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar


class Place(Protocol):
    """A number of an incarnation: where a consumer stands, or an entry."""

    incarnation: str
    number: int


Entry = TypeVar("Entry", bound=Place)
Key = TypeVar("Key")


def follow(position: Place | None, run: Iterable[Entry]) -> tuple[list[Entry], bool]:
    """Of a run sorted by number: what follows the position without a gap, and whether there was one."""
    if position is None:
        return [], True
    entries: list[Entry] = []
    is_gap = False
    expected, incarnation = position.number + 1, position.incarnation
    for entry in run:
        if entry.incarnation != incarnation or entry.number > expected:
            is_gap = True
        elif entry.number == expected:
            entries.append(entry)
            expected += 1
    return entries, is_gap


def must_adopt(position: Place | None, incarnation: str, start: int) -> bool:
    """Whether a position is of another incarnation than the source, or before what the source still has."""
    return position is None or position.incarnation != incarnation or position.number < start


def is_behind(place: tuple[str, int], incarnation: str, last: int) -> bool:
    """Whether a place, (incarnation, number), is before the source's last number."""
    return place[0] != incarnation or place[1] < last


def first_number(*, start: int, last: int, is_from_now: bool) -> int:
    """Where a consumer begins that has never stood anywhere: at what the source still has, or at what comes next."""
    return last if is_from_now else start


def step_back(partition: int, number: int, earlier: tuple[str, Mapping[int, int]] | None) -> tuple[str, int]:
    """Where a number stands in the incarnation before its own, (name, the numbers at which it ended): what was handled
    beyond counts no more there. Without one before, nowhere: ("", 0)."""
    if earlier is None:
        return "", 0
    name, ends = earlier
    return name, min(number, ends.get(partition, number))


def may_move(stored: tuple[str, int] | None, expected: tuple[str, int]) -> bool:
    """Compare-and-set: whether a position, (incarnation, number), is where this process left it."""
    return stored == expected


def newest(positions: Mapping[Key, Place]) -> tuple[str | None, dict[Key, int]]:
    """What a consumer asks with: the newest incarnation that it follows, and its numbers of that one."""
    incarnation = max((at.incarnation for at in positions.values()), default=None)
    return incarnation, {key: at.number for key, at in positions.items() if at.incarnation == incarnation}
