"""Disks that can be filled: a small file system per service where it can be mounted, else no file may grow."""

import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import psutil

from quintet.state import State

SIZE_MEGABYTES = 256
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

    def mount(self, services: Iterable[str]) -> None:
        """A small file system under each of these services' folders; none where mounting is refused."""
        if os.geteuid() != 0:
            return
        for service in services:
            options = f"size={SIZE_MEGABYTES}m,mode=0700"
            command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.state.path(service))]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                return
            self._mounted.append(service)

    def fill(self, service: str, processes: Iterable[psutil.Process]) -> None:
        """From now on the service can write no more; `processes` are those that write there."""
        if service in self._mounted:
            _fill(self.state.path(service, BALLAST))
            return
        largest = max(file.stat().st_size for file in self.state.path(service).iterdir())
        for process in processes:
            self._limited[process] = process.rlimit(resource.RLIMIT_FSIZE)
            process.rlimit(resource.RLIMIT_FSIZE, (largest, self._limited[process][1]))

    def free(self, service: str) -> None:
        """It can write again."""
        self.state.path(service, BALLAST).unlink(missing_ok=True)
        for process in list(self._limited):
            limits = self._limited.pop(process)
            if process.is_running():
                process.rlimit(resource.RLIMIT_FSIZE, limits)

    def mend(self) -> None:
        """Every service can write."""
        for service in self._mounted:
            self.free(service)
        self.free("data")

    def unmount(self, *, is_kept: bool) -> None:
        """What was mounted is gone; with `is_kept` the files lie in the plain folder then."""
        while self._mounted:
            folder = self.state.path(self._mounted[-1])
            aside = folder.with_name(f"{folder.name}.kept")
            if is_kept:
                shutil.copytree(folder, aside)
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
