"""Within a process under test: says over a pipe that a step is reached, waits there, says that it went on."""

import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from tests.faults.steps import Step, locate


class Leash:
    """The process's end of the pipe: it hears "go", and ends the process when the harness is gone."""

    def __init__(self, pipe: Connection):
        self.pipe, self.may_go = pipe, threading.Event()
        threading.Thread(target=self._listen, name="leash", daemon=True).start()

    def tell(self, what: str) -> None:
        """Says it to the harness."""
        self.pipe.send(what)

    def _listen(self) -> None:
        try:
            self.pipe.recv()
            self.may_go.set()
            self.pipe.recv()
        except (EOFError, OSError):
            os._exit(3)


class Watch:
    """Holds the first thread that reaches the step until the harness says go."""

    def __init__(self, step: Step, leash: Leash, transport: Any):
        self.step, self.leash, self.transport = step, leash, transport
        self._lock = threading.Lock()
        self._calls = 0
        self._held: int | None = None

    def arm(self) -> None:
        """Wraps the step's function, and the one whose return shows that the process went on."""
        if self.step.until != self.step.place:
            self._wrap(self.step.until, self._reporting)
        self._wrap(self.step.place, self._holding)

    def _wrap(self, place: str, around: Callable) -> None:
        owner, name = locate(place, self.transport)
        setattr(owner, name, around(getattr(owner, name)))

    def _holding(self, original: Callable) -> Callable:
        def watched(*args, **kwargs):
            if self.step.side == "before" and self.step.is_work(args, None):
                self._reach()
            try:
                result = original(*args, **kwargs)
            finally:
                if self.step.until == self.step.place:
                    self._report()
            if self.step.side == "after" and self.step.is_work(args, result):
                self._reach()
            return result

        return watched

    def _reporting(self, original: Callable) -> Callable:
        def reported(*args, **kwargs):
            try:
                return original(*args, **kwargs)
            finally:
                self._report()

        return reported

    def _reach(self) -> None:
        with self._lock:
            self._calls += 1
            if self._calls != self.step.call:
                return
            self._held = threading.get_ident()
        self.leash.tell("reached")
        self.leash.may_go.wait()

    def _report(self) -> None:
        with self._lock:
            if self._held != threading.get_ident():
                return
            self._held = None
        self.leash.tell("went on")
