"""`quintet status`: every process with its pid, memory, readiness and age."""

import datetime as dt
from dataclasses import dataclass

import psutil

from quintet import hunt, processes, readiness
from quintet.families import Families
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
    daemon = _daemon(supervisor.pid())
    families = Families(daemon.pid)
    return [daemon, *(_row(name, known[name], families.of(known[name]["pid"]), name in ready) for name in shown)]


def leftovers(state: State) -> int:
    """How many processes of the system live; of use where no supervisord answers."""
    return len(hunt.living(state))


def _memory(process: psutil.Process) -> int:
    """Proportional where the system tells, else resident."""
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0
    return getattr(full, "pss", 0) or full.rss


def _row(name: str, info: dict, family: list[psutil.Process], is_ready: bool) -> Row:
    since = dt.datetime.fromtimestamp(info["start"]).astimezone() if info["pid"] else None
    memory = sum(_memory(process) for process in family)
    return Row(name, info["statename"].lower(), info["pid"], memory, is_ready, since)


def _daemon(pid: int) -> Row:
    process = psutil.Process(pid)
    since = dt.datetime.fromtimestamp(process.create_time()).astimezone()
    return Row("supervisor", "running", pid, _memory(process), True, since)
