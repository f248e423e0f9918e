"""Who runs on which core: what is measured has one to itself, the servers have the other; what CPU a process took."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVERS, MEASURED = 0, 1


def pin(core: int, pid: int = 0) -> None:
    """Keeps a process (this thread and what it starts, by default) on one core, where the machine has that many."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(pid, {core})


@contextmanager
def servers_core() -> Iterator[None]:
    """Whatever is started in the block runs on the servers' core; this process goes on on the measured one."""
    pin(SERVERS)
    try:
        yield
    finally:
        pin(MEASURED)


def cpu_seconds(pid: int) -> float:
    """What a process and all its threads have taken so far: it counts on a busy machine as on a calm one."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
