"""Stops processes of a system in their tracks, as a hung machine or a network would."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from demo.system import System
from demo.waiting import eventually

WATCHDOGS = ("watchdog", "watchdog-2")
SUPERVISOR = "supervisor"


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started; none where it is gone."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@contextmanager
def frozen(system: System, *names: str) -> Iterator[None]:
    """Inside, the processes of those names do nothing; afterwards they go on where they were."""
    pids = system.pids(*names)
    assert pids, f"no process is called {names}"
    with unwatched(system), standing_still(pids):
        yield


@contextmanager
def unwatched(system: System) -> Iterator[None]:
    """Inside, nobody kills what stands still, however long that takes; containers have none who would."""
    with standing_still(system.pids(*WATCHDOGS)):
        yield


@contextmanager
def unminded(system: System) -> Iterator[None]:
    """Inside, what dies is not started anew, but for containers, whose engine is not ours to stop."""
    supervisors = [psutil.Process(pid) for pid in system.pids(SUPERVISOR)]
    with _stopped(supervisors):
        yield


@contextmanager
def standing_still(pids: list[int]) -> Iterator[None]:
    """Inside, these processes and all that they started do nothing; afterwards they go on where they were."""
    with _stopped([one for pid in pids for one in family(pid)]):
        yield


@contextmanager
def _stopped(processes: list[psutil.Process]) -> Iterator[None]:
    try:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


def kill(system: System, *names: str) -> list[int]:
    """The processes of those names die at once, with all that they started; they are started anew by who minds them."""
    killed = system.pids(*names)
    end_at_once(system, killed)
    return killed


def end_at_once(system: System, pids: list[int]) -> None:
    """These processes die with all that they started; returns when it is noticed."""
    strike(pids)
    eventually(lambda: system.has_noticed(pids), "it is noticed that they died")


def strike(pids: list[int]) -> None:
    """They die, and nobody waits until it is noticed."""
    for process in [one for pid in pids for one in family(pid)]:
        with suppress(psutil.NoSuchProcess):  # a container's processes die with its first
            process.kill()


def wait_until_whole(system: System, *, within: float = 240) -> None:
    """Returns once the whole system is ready."""
    eventually(system.is_whole, "the system is whole again", within=within, every=0.2)
