"""A disk that is filled takes nothing more until it is freed, by a small file system or by a limit on files."""

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from chaos.disks import Disks
from quintet.state import State

WRITER = """
import sys
for line in sys.stdin:
    try:
        with open(sys.argv[1], "ab", buffering=0) as file:
            file.write(b"x" * 5000)
        print("written", flush=True)
    except OSError as error:
        print(error.errno, flush=True)
"""


@pytest.fixture
def disks(tmp_path) -> Disks:
    state = State(tmp_path / "var")
    state.make_folders()
    return Disks(state)


@pytest.fixture
def mounted(disks) -> Iterator[Disks]:
    disks.mount(["data"])
    if disks.how != "tmpfs filled":
        pytest.skip("mounting is not allowed here")
    yield disks
    disks.unmount(is_kept=False)


def write(file: Path) -> None:
    with file.open("ab", buffering=0) as opened:
        opened.write(b"x" * 5000)


def test_a_filled_file_system_takes_nothing_until_it_is_freed(mounted):
    file = mounted.state.path("data", "data.db")
    write(file)
    mounted.fill("data", [])
    with pytest.raises(OSError) as refusal:
        write(file)
        write(file)  # the first may still find room on the file's last page
    assert refusal.value.errno == errno.ENOSPC
    mounted.free("data")
    write(file)


def test_what_was_written_on_a_small_file_system_can_be_kept(mounted):
    write(mounted.state.path("data", "data.db"))
    mounted.unmount(is_kept=True)
    assert mounted.state.path("data", "data.db").stat().st_size == 5000
    assert not os.path.ismount(mounted.state.path("data"))


@pytest.fixture
def writer(disks) -> Iterator[subprocess.Popen]:
    """A process that writes to a file of data's whenever it is told, and says how that went."""
    command = [sys.executable, "-u", "-c", WRITER, str(disks.state.path("data", "data.db"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def writes(process: subprocess.Popen) -> str:
    process.stdin.write("now\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def test_without_a_mount_no_file_of_the_writers_grows_until_the_disk_is_freed(disks, writer):
    assert writes(writer) == "written"
    disks.fill("data", [psutil.Process(writer.pid)])
    assert writes(writer) == str(errno.EFBIG)
    disks.free("data")
    assert writes(writer) == "written"


def test_postgres_is_filled_only_where_its_file_system_is_mounted(disks):
    assert disks.can_fill("data")
    assert not disks.can_fill("postgres")
