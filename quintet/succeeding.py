"""Becomes an nginx in the place of one that was killed: `python -m quintet.succeeding nginx …`, in the state folder.

The workers of a killed master live on and keep its port; the next master could never begin. They are asked to take no
new connection and to end when those that they hold do, as at a reload; one that is stopped can't be asked.
"""

import contextlib
import os
import signal
import sys
from pathlib import Path

import psutil

WORKER, MASTER = "nginx: worker process", "nginx: master process"


def orphans(folder: Path) -> list[psutil.Process]:
    """The workers of an nginx of this folder whose master is gone."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if _is(process, WORKER) and Path(process.cwd()) == folder and not _is(process.parent(), MASTER):
                found.append(process)
    return found


def _is(process: psutil.Process | None, title: str) -> bool:
    return process is not None and " ".join(process.cmdline()).startswith(title)


def let_go(process: psutil.Process) -> None:
    """Has it leave its port."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGKILL if process.status() == psutil.STATUS_STOPPED else signal.SIGQUIT)


def main() -> None:
    for process in orphans(Path.cwd()):
        let_go(process)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the same program that supervisord would start


if __name__ == "__main__":
    main()
