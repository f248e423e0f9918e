"""The watchdog: kills (SIGKILL) what is stopped or deaf among a system's processes; supervisord starts it again.

Two of them run and watch each other. What each looks at, every two seconds: a process or a child of one that stands
still (SIGSTOP, a debugger), a progress file no longer touched (shared/progress.py), a port that no longer answers.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from xmlrpc import client

import click
import psutil

from quintet import processes, readiness
from quintet.families import Families, Member
from quintet.keys import Keys
from quintet.processes import Process
from quintet.state import State
from quintet.supervision import Supervisor
from shared.clock import rfc3339

LOOK_SECONDS = 2.0
STOPPED_SECONDS = 10.0
"""So long a process may stand still; those who wait for its locks wait as long."""
DEAF_SECONDS = 25.0
"""So long a process may neither answer nor touch its file; with the looks between, it is noticed within 30 s."""
STARTING_SECONDS = 120.0
"""Before its first answer a process has so long from its start, or from that of the child that answers: on a busy
machine one that only begins is not deaf, and killing it would have it begin again and again."""
PROBE_SECONDS = 8.0


class Watchdog:
    """Call `look` again and again; `say` is told of each kill. `root` started all; `clock` gives seconds, monotonic."""

    def __init__(
        self, state: State, root: int, *, say: Callable[..., None], clock: Callable[[], float] = time.monotonic
    ):
        self.state, self._root, self._say, self._clock = state, root, say, clock
        self._stopped: dict[Member, float] = {}
        self._answered: dict[tuple[str, int, Member], float] = {}
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="probe")

    def look(self) -> None:
        """One look at every process that supervisord says runs."""
        shape = self.state.shape()
        known = Supervisor(self.state, shape, Keys(self.state)).processes()
        running = {name: info for name, info in known.items() if info["statename"] == "RUNNING" and info["pid"]}
        self._end_the_stopped({name: info["pid"] for name, info in running.items()})
        listed = [one for one in processes.watched(self.state, shape) if one.name in running]
        for process, reason in self._deaf(listed, running):
            self._kill(process.name, Families(self._root).of(running[process.name]["pid"]), reason)

    def _end_the_stopped(self, running: dict[str, int]) -> None:
        """Of a process that stands still all is killed; of one with a child that does, that child."""
        now, seen, families = self._clock(), {}, Families(self._root)
        for name, pid in running.items():
            family = families.of(pid)
            for member in family:
                if (key := _stopped_key(member)) is None:
                    continue
                seen[key] = self._stopped.get(key, now)
                if now - seen[key] >= STOPPED_SECONDS:
                    doomed = family if member.pid == pid else [member]
                    self._kill(name, doomed, f"stopped for {now - seen[key]:.0f} s")
        self._stopped = seen

    def _deaf(self, listed: list[Process], running: dict[str, dict]) -> Iterator[tuple[Process, str]]:
        """Who has not moved, or not answered, for too long."""
        answers = list(self._pool.map(_answers, listed))
        now, answered, families = self._clock(), {}, Families(self._root)
        for process, is_answering in zip(listed, answers, strict=True):
            info = running[process.name]
            eldest = families.eldest_child(info["pid"])
            life, begun = (process.name, info["pid"], eldest), max(info["start"], eldest[1])
            answered[life] = now if is_answering else self._answered.get(life, now + _beginning(begun))
            if not readiness.moves(self.state, process, info["start"], DEAF_SECONDS):
                yield process, f"no progress for {DEAF_SECONDS:.0f} s"
            elif now - answered[life] >= DEAF_SECONDS:
                yield process, f"no answer for {now - answered[life]:.0f} s"
        self._answered = answered

    def _kill(self, name: str, members: list[psutil.Process], reason: str) -> None:
        for member in members:  # the parent first: it starts nothing new
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
            self._say("killed", process=name, pid=member.pid, reason=reason)


def _stopped_key(member: psutil.Process) -> Member | None:
    try:
        is_stopped = member.status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
        return (member.pid, member.create_time()) if is_stopped else None
    except psutil.NoSuchProcess:
        return None


def _beginning(start: float) -> float:
    """How much longer than others a process may still be deaf that was started then and has not answered yet."""
    return max(0.0, STARTING_SECONDS - DEAF_SECONDS - (time.time() - start))


def _answers(process: Process) -> bool:
    """Whether what listens answers at all, whatever it says; what does not listen is not asked."""
    if process.alive_url:
        asked = {"timeout": PROBE_SECONDS, "is_tls": process.is_tls}
        return readiness.answers(process.port, process.alive_url, **asked)[0] != 0
    return process.url is not None or process.port is None or readiness.accepts(process.port)


def _tell(event: str, **details: object) -> None:
    at = rfc3339(datetime.now(UTC))
    line = {"event": event, "service": "quintet", "role": "watchdog", "level": "warning", "at": at, **details}
    print(json.dumps(line), flush=True)


@click.command()
@click.option("--state", "folder", type=click.Path(path_type=Path), required=True)
@click.option("--progress-file", type=click.Path(path_type=Path), required=True)
def main(folder: Path, progress_file: Path) -> None:
    """Watch over the system in a state folder, for as long as its supervisord lives."""
    state = State(folder)
    watchdog = Watchdog(state, os.getppid(), say=_tell)  # supervisord starts us, as all others
    _tell("watchdog runs")
    while True:
        try:
            watchdog.look()
        except (OSError, HTTPException, client.Error) as error:  # supervisord ends, or `up` is rewriting its table
            _tell("supervisord does not answer", error=type(error).__name__)
        progress_file.touch()
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
