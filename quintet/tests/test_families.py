"""Families: who started whom, learnt in one pass."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from quintet.families import Families
from shared.testing import eventually

CHILD = "input()"
PARENT = f"import subprocess, sys; [subprocess.Popen([sys.executable, '-c', {CHILD!r}]) for _ in range(2)]; input()"


@pytest.fixture
def parent() -> Iterator[psutil.Process]:
    """A process with two children."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE) as process:
        ours = psutil.Process(process.pid)
        eventually(lambda: len(ours.children()) == 2)
        family = [ours, *ours.children()]
        yield ours
        for one in family:
            if one.is_running():
                one.kill()


def test_a_family_is_a_process_and_all_that_it_started(parent):
    families = Families(os.getpid())
    assert families.of(parent.pid) == [parent, *parent.children()]
    assert [families.of(child.pid) for child in parent.children()] == [[child] for child in parent.children()]


def test_the_eldest_child_is_the_one_that_came_first(parent):
    eldest = min(parent.children(), key=lambda child: (child.create_time(), child.pid))
    families = Families(os.getpid())
    assert families.eldest_child(parent.pid) == (eldest.pid, eldest.create_time())
    assert families.eldest_child(eldest.pid) == (0, 0.0)


def test_who_is_gone_or_of_no_concern_has_no_family(parent):
    for child in parent.children():
        child.kill()
        eventually(lambda child=child: child.status() == psutil.STATUS_ZOMBIE)
    parent.kill()
    parent.wait(20)
    families = Families(os.getpid())
    assert (families.of(parent.pid), families.of(os.getppid()), families.of(0)) == ([], [], [])
    assert Families(parent.pid).of(parent.pid) == []
