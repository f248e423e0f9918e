"""Tells how far a job is while it is done: under its fence, and no oftener than anybody can watch."""

import time
from collections.abc import Callable

from services.worker.actions import progress
from shared.commands import Claim

EVERY_SECONDS = 0.25


class Throttle:
    """Says yes at most once per interval; the first time always."""

    def __init__(self, seconds: float = EVERY_SECONDS, clock: Callable[[], float] = time.monotonic):
        self._seconds, self._clock, self._next = seconds, clock, float("-inf")

    def is_due(self) -> bool:
        """Whether the interval is over; if so, the next one begins."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


class Reporter:
    """Called with the share done, 0 to 1. Raises LeaseLost where somebody else has taken the job over."""

    def __init__(self, claim: Claim):
        self.claim, self.throttle = claim, Throttle()

    def start(self) -> None:
        """Says that an attempt begins."""
        with self.claim.holding() as session:
            progress.start(session, job=self.claim.row)

    def __call__(self, done: float) -> None:
        if self.throttle.is_due():
            with self.claim.holding() as session:
                progress.change(session, job=self.claim.row, progress=done)
