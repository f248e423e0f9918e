"""Whether this process moves: its loops say so, a pulse tells it to whoever watches, and ends a process gone deaf."""

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from shared.logs import get

DEAF_SECONDS = 20.0
"""A loop that has not moved for so long hangs: nothing that a loop does in one step may take this long."""
PULSE_SECONDS = 1.0
DEAF_STATUS = 75
"""The exit status of a deaf process: EX_TEMPFAIL of sysexits.h, try again."""

log = get("progress")
_moved: dict[str, float] = {}
_loops: dict[int, str] = {}


def moved(loop: str = "") -> None:
    """The loop of that name, else the one that the calling thread named last, has made a step; costs next to nothing.

    A thread that has named no loop is not watched.
    """
    thread = threading.get_ident()
    if loop:
        _loops[thread] = loop
    if name := _loops.get(thread):
        _moved[name] = time.monotonic()


def rests(loop: str) -> None:
    """The loop has ended, or will not move for a good reason: it is no longer watched."""
    _moved.pop(loop, None)


def stuck_loops(*, after: float = DEAF_SECONDS) -> list[str]:
    """The names of the loops that have not moved for `after` seconds."""
    latest = time.monotonic() - after
    return [name for name, at in list(_moved.items()) if at < latest]


class Pulse:
    """Touches `file` each second while every sign is well, and ends its own process at once when one is not.

    A sign gives a reason, or None when all is well. At once, without any clean-up: what hangs holds locks and can't end
    cleanly, and nothing of ours relies on that. Not by SIGKILL, which the first process of a container does not heed.
    A process that can't even do that (stopped, its interpreter stuck) leaves the file untouched: the watchdog, or a
    container's health check (shared/probe.py), sees it by the file's age.
    """

    def __init__(self, file: Path | None, signs: Iterable[Callable[[], str | None]] = ()):
        self.file = file
        self.signs = [_say_stuck, *signs]
        self._over = threading.Event()

    def start(self) -> "Pulse":
        """Begins on a thread of its own; returns itself."""
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()
        return self

    def stop(self) -> None:
        """Ends it: who no longer moves has ended in an orderly way."""
        self._over.set()

    def reason(self) -> str | None:
        """Why the process is deaf; None when it is not."""
        return next((reason for sign in self.signs if (reason := sign())), None)

    def _beat(self) -> None:
        while not self._over.is_set():
            if reason := self.reason():
                log.error("this process is deaf and ends itself", reason=reason)
                os._exit(DEAF_STATUS)
            self._touch()
            self._over.wait(PULSE_SECONDS)

    def _touch(self) -> None:
        if self.file is None:
            return
        try:
            self.file.touch()  # an existing file's time: no room on the disk is needed
        except OSError as error:
            log.warning("the progress file can't be touched", error=type(error).__name__)


def _say_stuck() -> str | None:
    stuck = stuck_loops()
    return f"no progress in {', '.join(sorted(stuck))}" if stuck else None
