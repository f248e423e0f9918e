"""How work fails: for now, for good, or with its worker; and what of it is written down."""

import random
from datetime import timedelta


class GiveUp(Exception):
    """Raised by work that no further attempt can help; `reason` says why."""

    def __init__(self, reason: Exception | str):
        super().__init__(str(reason))
        self.reason = reason


class WorkerLost(Exception):
    """The worker died or hung in every attempt; the error of a command that takes its workers with it."""


def describe(error: Exception) -> str:
    """Type and first line only: what follows in an error's text may quote what it failed on."""
    if isinstance(error, GiveUp):
        return describe(error.reason) if isinstance(error.reason, Exception) else error.reason[:300]
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}"[:300].removesuffix(": ")


def pause_after(attempt: int, *, first: float, longest: float) -> timedelta:
    """The pause after an attempt: doubled each time up to the longest, a quarter to either side by chance."""
    seconds = min(longest, first * 2 ** min(attempt - 1, 40))
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load, guards nothing
