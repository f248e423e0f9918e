"""Bounded waiting: asks until something is so, and says what it was when time ran out."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class DidNotHappen(AssertionError):
    """What a step promised has not come in time, or came otherwise."""


def eventually(ask: Callable[[], T], what: str, *, within: float = 15.0, every: float = 0.05) -> T:
    """The first truthy answer; DidNotHappen after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise DidNotHappen(f"{what}: not within {within:g} s (last: {answer!r})")
        time.sleep(every)


def ensure(is_so: object, what: str) -> None:
    """Ends the step with `what` unless it is so."""
    if not is_so:
        raise DidNotHappen(what)
