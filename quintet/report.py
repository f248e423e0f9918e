"""`quintet status`: every process with its pid, memory, readiness and age."""

import datetime as dt
from dataclasses import dataclass

import psutil

from quintet import hunt, processes, readiness
from quintet.keys import Keys
from quintet.state import State
from quintet.supervision import Supervisor


@dataclass(frozen=True)
class Row:
    """One process as it is now; memory in bytes, its children's included."""

    name: str
    state: str
    pid: int
    memory: int
    is_ready: bool
    since: dt.datetime | None


def rows(state: State) -> list[Row]:
    """A row for each process of a system that is up; none where it is not."""
    if not state.path("state.json").exists():
        return []
    shape = state.shape()
    supervisor = Supervisor(state, shape, Keys(state))
    if not supervisor.is_running():
        return []
    known = supervisor.processes()
    listed = [process for process in processes.watched(state, shape) if process.name in known]
    ready = readiness.ready_among(state, listed, known)
    shown = [name for name in processes.names(shape) if name in known]
    return [_daemon(state), *(_row(name, known[name], name in ready) for name in shown)]


def leftovers(state: State) -> int:
    """How many processes of the system live; of use where no supervisord answers."""
    return len(hunt.living(state))


def memory_of(pid: int) -> int:
    """The memory of a process and its children: proportional where the system tells, else resident."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(_memory(process) for process in family)


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0
    return getattr(full, "pss", 0) or full.rss


def _row(name: str, info: dict, is_ready: bool) -> Row:
    since = dt.datetime.fromtimestamp(info["start"]).astimezone() if info["pid"] else None
    memory = memory_of(info["pid"]) if info["pid"] else 0
    return Row(name, info["statename"].lower(), info["pid"], memory, is_ready, since)


def _daemon(state: State) -> Row:
    pid = int(state.path("run", "supervisord.pid").read_text())
    process = psutil.Process(pid)
    since = dt.datetime.fromtimestamp(process.create_time()).astimezone()
    return Row("supervisor", "running", pid, _memory(process), True, since)
