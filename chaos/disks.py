"""Disks that can be filled: a small file system per database where it can be mounted, else no file may grow."""

import errno
import os
import resource
import subprocess
from collections.abc import Iterable
from pathlib import Path

import psutil

from quintet.state import State

SIZE_MEGABYTES = {"postgres": 1024}
OTHER_MEGABYTES = 256
BALLAST = "ballast"


class Disks:
    """The disks of one system. `how` says in a word how a disk is filled here."""

    def __init__(self, state: State):
        self.state = state
        self._mounted: list[str] = []
        self._limited: dict[psutil.Process, tuple[int, int]] = {}

    @property
    def how(self) -> str:
        return "tmpfs filled" if self._mounted else "no file may grow (RLIMIT_FSIZE)"

    def mount(self, owners: Iterable[str]) -> None:
        """A small file system under each of these folders; none where mounting is refused."""
        if os.geteuid() != 0:
            return
        for owner in owners:
            folder = self.state.path(owner)
            folder.mkdir(exist_ok=True)
            options = f"size={SIZE_MEGABYTES.get(owner, OTHER_MEGABYTES)}m,mode=0700"
            command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                return
            self._mounted.append(owner)

    def can_fill(self, owner: str) -> bool:
        """Whether that disk can be filled; a limit on its files would make PostgreSQL give up."""
        return owner in self._mounted or owner != "postgres"

    def fill(self, owner: str, processes: Iterable[psutil.Process]) -> None:
        """From now on it can write no more; `processes` are those that write there."""
        if owner in self._mounted:
            _fill(self.state.path(owner, BALLAST))
            return
        largest = max(file.stat().st_size for file in self.state.path(owner).iterdir())
        for process in processes:
            self._limited[process] = process.rlimit(resource.RLIMIT_FSIZE)
            process.rlimit(resource.RLIMIT_FSIZE, (largest, self._limited[process][1]))

    def free(self, owner: str) -> None:
        """It can write again."""
        self.state.path(owner, BALLAST).unlink(missing_ok=True)
        for process in list(self._limited):
            limits = self._limited.pop(process)
            if process.is_running():
                process.rlimit(resource.RLIMIT_FSIZE, limits)

    def mend(self) -> None:
        """Everything can write."""
        for owner in self._mounted or ["data"]:
            self.free(owner)

    def unmount(self, *, is_kept: bool) -> None:
        """What was mounted is gone; with `is_kept` the files lie in the plain folder then."""
        while self._mounted:
            folder = self.state.path(self._mounted[-1])
            aside = folder.with_name(f"{folder.name}.kept")
            if is_kept:
                subprocess.run(["cp", "-a", str(folder), str(aside)], check=True)
            subprocess.run(["umount", str(folder)], check=True, capture_output=True)
            self._mounted.pop()
            if is_kept:
                folder.rmdir()
                aside.rename(folder)


def _fill(ballast: Path) -> None:
    """Takes all the room that there is, to the last page."""
    with ballast.open("wb", buffering=0) as file:
        piece = b"\0" * (1 << 20)
        while piece:
            try:
                file.write(piece)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                piece = piece[: len(piece) // 2]
