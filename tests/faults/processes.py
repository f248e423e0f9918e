"""A process under test as the harness holds it: started in a fork of a loaded server, killed, stopped, woken."""

import contextlib
import multiprocessing
import os
import signal
from typing import Any

from shared.testing import eventually
from tests.faults.members import Orders, live

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.faults.members"])

START_WITHIN, REACH_WITHIN, GO_ON_WITHIN = 20.0, 20.0, 20.0


class Member:
    """One process. `ready` is what it said when it was ready: an api's port."""

    def __init__(self, orders: Orders):
        self.role, self.service = orders.role, orders.service
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=live, args=(orders, theirs))
        self._process.start()
        theirs.close()
        self._pid = self._process.pid
        self.ready: Any = None
        self._is_killed = False

    def await_ready(self) -> "Member":
        self.ready = self._hear(START_WITHIN, "is ready")
        return self

    def await_step(self) -> None:
        """Until it stands at its step."""
        assert self._hear(REACH_WITHIN, "reached its step") == "reached"

    def go_on(self) -> None:
        self._pipe.send("go")

    def await_gone_on(self) -> None:
        """Until it has done what it was about to do, or failed to."""
        assert self._hear(GO_ON_WITHIN, "went on") == "went on"

    def pause(self) -> None:
        """SIGSTOP, and the proof that it stands."""
        os.kill(self._pid, signal.SIGSTOP)
        eventually(lambda: _state(self._pid) == "T")

    def wake(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def kill(self) -> None:
        """kill -9, and its end."""
        self._is_killed = True
        self._process.kill()
        self._process.join(10)

    def await_death(self) -> None:
        """Until it has ended by itself."""
        self._process.join(20)
        assert self._process.exitcode is not None, "it lives on"

    @property
    def pid(self) -> int:
        return self._pid

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
            raise AssertionError(f"{self.service} {self.role} never {what}")
        try:
            return self._pipe.recv()
        except EOFError:
            raise AssertionError(f"{self.service} {self.role} ended before it {what}") from None


def _state(pid: int) -> str:
    """The process's state as the kernel has it: T is stopped."""
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]
