"""Cuts long lists into portions that a statement can take."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def portions(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The items in order, in lists of at most `size`."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
