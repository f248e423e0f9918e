"""Bounded waiting: asks again and again until something is so, and says what it was when time ran out."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(ask: Callable[[], T], *, within: float = 120.0, every: float = 0.02) -> T:
    """The first truthy answer of `ask`; AssertionError with the last answer or error after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        error, answer = None, None
        try:
            answer = ask()
        except AssertionError as caught:
            error = caught
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {within} s; last answer: {answer!r}") from error
        time.sleep(every)
