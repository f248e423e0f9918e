"""Sets aside the data that keep a RabbitMQ node from starting; run before each start, by itself and without the rest.

A node that is killed while it begins a write-ahead log can leave one cut short, which no later start gets past. All
that it holds is a copy of what the services' tables have, so a node that starts empty loses nothing.
"""

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

MAX_FAILED_STARTS = 2
LOG_TAIL_BYTES = 1_000_000
STARTED, FAILED = "completed with", "BOOT FAILED"
SET_ASIDE = "its data is set aside"


def failed_starts(log: Iterable[str]) -> int:
    """How many starts in a row have failed last, as the node's log has them."""
    failed = 0
    for line in log:
        if STARTED in line or SET_ASIDE in line:
            failed = 0
        elif line.strip() == FAILED:
            failed += 1
    return failed


def set_aside_if_hopeless(data: Path, log: Path) -> bool:
    """Moves the data to a folder beside them, in place of what lay there, once the node has failed too often."""
    if not data.exists() or failed_starts(_tail(log)) < MAX_FAILED_STARTS:
        return False
    aside = data.with_name(f"{data.name}.broken")
    shutil.rmtree(aside, ignore_errors=True)
    data.rename(aside)
    print(f"RabbitMQ failed to start {MAX_FAILED_STARTS} times: {SET_ASIDE} in {aside}, it starts empty", flush=True)
    return True


def _tail(log: Path) -> list[str]:
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()


if __name__ == "__main__":
    set_aside_if_hopeless(Path(sys.argv[1]), Path(sys.argv[2]))
