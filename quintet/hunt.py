"""Finds every process of a system by what it can't shed, and ends it: also where supervisord is gone."""

import contextlib
import time
from pathlib import Path

import psutil

from quintet.state import State
from quintet.supervision import MARKER

# These write their title over their environment, so the folder they work in must tell.
TITLED = ("nginx", "valkey", "redis", "postgres")
KILLED_SECONDS = 60
"""So long what was killed may need to be gone, on a disk or a machine that is busy."""


def living(state: State) -> list[psutil.Process]:
    """Every process of the system that is not yet dead, with its descendants."""
    found: dict[int, psutil.Process] = {}
    ourselves = {process.pid for process in [psutil.Process(), *psutil.Process().parents()]}
    for process in psutil.process_iter():
        if process.pid not in found and process.pid not in ourselves and _belongs(process, state.folder):
            with contextlib.suppress(psutil.NoSuchProcess):
                found |= {one.pid: one for one in [process, *process.children(recursive=True)]}
    return [process for process in found.values() if _is_alive(process)]


def end_all(state: State, *, grace: float = 3.0) -> int:
    """Ends what is left: asked first, then, stopped or not, killed. Returns how many there were."""
    left = living(state)
    count = len(left)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
            process.resume()
    psutil.wait_procs(left, timeout=grace)
    deadline = time.monotonic() + KILLED_SECONDS
    while (left := living(state)) and time.monotonic() < deadline:  # again: what was killed may have had time to fork
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=0.5)
    return count


def _belongs(process: psutil.Process, folder: Path) -> bool:
    try:
        if process.environ().get(MARKER) == str(folder):
            return True
        if not process.name().startswith(TITLED):
            return False
        return Path(process.cwd()).is_relative_to(folder)
    except psutil.Error:
        return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
