"""Bounded waiting: asks until something is so, and says what it was when time ran out."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class DidNotHappen(AssertionError):
    """What a step promised has not come in time, or came otherwise."""


_patience = [1.0]


@contextmanager
def patient(times: float) -> Iterator[None]:
    """Inside, everything is waited for so many times as long: on a system that is being broken, say."""
    _patience.append(_patience[-1] * times)
    try:
        yield
    finally:
        _patience.pop()


def deadline_in(seconds: float) -> float:
    """When a wait of so many seconds is over, by the monotonic clock."""
    return time.monotonic() + seconds * _patience[-1]


def eventually(ask: Callable[[], T], what: str, *, within: float = 60.0, every: float = 0.05) -> T:
    """The first truthy answer; DidNotHappen after `within` seconds."""
    deadline = deadline_in(within)
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
