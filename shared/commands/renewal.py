"""Keeps the leases of claims alive while their work runs: one thread a process, woken only where work lasts."""

import os
import threading
import time

from shared.commands.claims import Claim
from shared.logs import get

log = get("commands")


class Renewal:
    """Within it the lease is renewed at a third of its time, until the work ends or the lease is lost."""

    def __init__(self, claim: Claim):
        self.claim = claim
        self.every = claim.commands.lease_seconds / 3

    def __enter__(self) -> "Renewal":
        self._renewer = _of_this_process()
        self._renewer.add(self)
        return self

    def __exit__(self, *_error) -> None:
        self._renewer.remove(self)

    def renew(self) -> bool:
        """One renewal; False when the lease is lost."""
        try:
            return self.claim.renew()
        except Exception as error:  # the next round may reach the database; the other claims' leases must not suffer
            log.warning("lease not renewed", command_id=self.claim.id, error=type(error).__name__)
            return True


class _Renewer:
    """The thread and what it renews next. It sleeps until the first is due, so that short work never wakes it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._changed = threading.Condition()
        self._due: dict[Renewal, float] = {}
        self._pause = self._wakes_at = float("inf")
        self._current: Renewal | None = None
        self._thread: threading.Thread | None = None

    def add(self, renewal: Renewal) -> None:
        with self._changed:
            due = self._due[renewal] = time.monotonic() + renewal.every
            self._pause = min(self._pause, renewal.every)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="renewer", daemon=True)
                self._thread.start()
            elif due < self._wakes_at:
                self._changed.notify_all()

    def remove(self, renewal: Renewal) -> None:
        """After it no renewal of this claim is under way."""
        with self._changed:
            self._due.pop(renewal, None)
            while self._current is renewal:
                self._changed.wait()

    def _run(self) -> None:
        while True:
            renewal = self._next()
            is_held = renewal.renew()
            with self._changed:
                self._current = None
                if is_held and renewal in self._due:
                    self._due[renewal] = time.monotonic() + renewal.every
                else:
                    self._due.pop(renewal, None)
                self._changed.notify_all()

    def _next(self) -> Renewal:
        """Sleeps until one is due, and marks it as being renewed."""
        with self._changed:
            while True:
                first = min(self._due, key=self._due.__getitem__, default=None)
                now = time.monotonic()
                if first is not None and self._due[first] <= now:
                    self._current = first
                    return first
                # with nothing to renew it sleeps on: what comes is not due earlier
                self._wakes_at = now + self._pause if first is None else self._due[first]
                self._changed.wait(self._wakes_at - now)


_making = threading.Lock()
_made: list[_Renewer] = []


def _of_this_process() -> _Renewer:
    """Made anew in a forked child, where the parent's thread does not live."""
    with _making:
        if not _made or _made[0].pid != os.getpid():
            _made[:] = [_Renewer()]
        return _made[0]
