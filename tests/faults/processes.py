"""A process under test as the harness holds it: started in a fork of a loaded server, killed, stopped, woken."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

from shared.database import Database
from shared.testing import eventually
from tests.faults.databases import can_write
from tests.faults.members import Orders, live

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.faults.preloaded"])

START_WITHIN, REACH_WITHIN, GO_ON_WITHIN, DIE_WITHIN = 60.0, 60.0, 60.0, 60.0
REACH_TRIES = 6


class Process:
    """One process, which runs `target(*given, pipe)`. `ready` is what it said when it was ready: an api's port."""

    name = "the process"

    def __init__(self, target: Callable[..., None], *given: Any):
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=target, args=(*given, theirs))
        self._process.start()
        theirs.close()
        self.pid = self._process.pid
        self.ready: Any = None
        self._is_killed = False

    def await_ready(self) -> None:
        self.ready = self._hear(START_WITHIN, "was ready")

    def pause(self) -> None:
        """SIGSTOP, and the proof that it stands."""
        os.kill(self.pid, signal.SIGSTOP)
        eventually(lambda: _state(self.pid) == "T")

    def wake(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """kill -9, and its end."""
        self._is_killed = True
        self._process.kill()
        self._process.join(10)

    def has_ended(self) -> bool:
        """Whether it ended and nobody killed it."""
        return not self._is_killed and not self._process.is_alive()

    def close(self) -> None:
        """Ends it, whatever state it is in, and gives its pipe back."""
        if self._process.is_alive():
            self.kill()
        self._pipe.close()
        with contextlib.suppress(ValueError):
            self._process.close()

    def _hear(self, within: float, what: str) -> Any:
        if not self._pipe.poll(within):
            raise AssertionError(f"{self.name} never {what}")
        try:
            return self._pipe.recv()
        except (EOFError, ConnectionResetError):
            raise AssertionError(f"{self.name} ended before it {what}") from None


class Member(Process):
    """A process of the system under test, which may have a step to stop at."""

    def __init__(self, orders: Orders):
        super().__init__(live, orders)
        self.role, self.service = orders.role, orders.service
        self.name = f"{self.service}'s {self.role}"

    def await_step(self, lead_on: Callable[[], None]) -> None:
        """Until it stands at its step; `lead_on` gives it more to do, in case it did what there was by another way."""
        for _ in range(REACH_TRIES):
            if self._pipe.poll(REACH_WITHIN / REACH_TRIES):
                break
            lead_on()
        assert self._hear(REACH_WITHIN / REACH_TRIES, "reached its step") == "reached"

    def go_on(self) -> None:
        self._pipe.send("go")

    def await_gone_on(self) -> None:
        """Until it has done what it was about to do, or failed to."""
        assert self._hear(GO_ON_WITHIN, "went on") == "went on"

    def await_death(self) -> None:
        """Until it has ended by itself."""
        self._process.join(DIE_WITHIN)
        assert self._process.exitcode is not None, f"{self.name} lives on"


def pause_outside_transactions(process: Process, database: Database) -> None:
    """Stops it where none of its threads happens to hold SQLite's write lock: that is a step of its own."""

    def is_paused() -> bool:
        process.pause()
        if can_write(database):
            return True
        process.wake()
        return False

    eventually(is_paused)


def _state(pid: int) -> str:
    """The process's state as the kernel has it: T is stopped."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]
