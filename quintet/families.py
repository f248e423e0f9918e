"""Who started whom among a system's processes, learnt by one pass over those of the machine."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress

import psutil

Member = tuple[int, float]
"""A process for certain: its pid and when it was created."""


class Families:
    """All that a process has started, in one moment; to ask each of its children for theirs costs a pass each."""

    def __init__(self, root: int):
        self._members: dict[int, psutil.Process] = {}
        self._children = defaultdict[int, list[psutil.Process]](list)
        for process in _descendants(root):
            with suppress(psutil.NoSuchProcess):
                self._children[process.ppid()].append(process)
                self._members[process.pid] = process

    def of(self, pid: int) -> list[psutil.Process]:
        """A process, then all that it started; none when it is gone."""
        return [*self._line(self._members[pid])] if pid in self._members else []

    def eldest_child(self, pid: int) -> Member:
        """Who answers for a server that only watches over its children; (0, 0.0) where it has none."""
        ages = [(child.create_time(), child.pid) for child in self._children.get(pid, [])]
        return min(ages)[::-1] if ages else (0, 0.0)

    def _line(self, process: psutil.Process) -> Iterator[psutil.Process]:
        yield process
        for child in self._children.get(process.pid, []):
            yield from self._line(child)


def _descendants(root: int) -> list[psutil.Process]:
    try:
        return psutil.Process(root).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
