"""Stops processes of a system in their tracks, as a hung machine or a network would."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from demo.system import System
from demo.waiting import eventually


def pids(system: System, *names: str) -> list[int]:
    """The processes of those names, as the operator's command tells them."""
    found = re.findall(r"^(\S+)\s+\w+\s+(\d+)", system.status(), re.MULTILINE)
    return [int(pid) for name, pid in found if name in names]


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


@contextmanager
def frozen(system: System, *names: str) -> Iterator[None]:
    """Inside, the processes of those names do nothing; afterwards they go on where they were."""
    processes = [one for pid in pids(system, *names) for one in family(pid)]
    assert processes, f"no process is called {names}"
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            if process.is_running():
                process.send_signal(signal.SIGCONT)


def kill(system: System, *names: str) -> None:
    """The processes of those names die at once, with all that they started; the supervisor starts them anew."""
    for pid in pids(system, *names):
        for process in family(pid):
            process.kill()


def is_whole(system: System) -> bool:
    """Whether every process is ready again."""
    ready = re.findall(r"^\S+\s+\w+\s+[\d-]+\s+[\d.]+ MB\s+(yes|no) ", system.status(), re.MULTILINE)
    return bool(ready) and "no" not in ready


def wait_until_whole(system: System) -> None:
    """Returns once the whole system is ready."""
    eventually(lambda: is_whole(system), "the system is whole again", within=60)
