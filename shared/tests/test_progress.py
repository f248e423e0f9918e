"""The pulse: a process whose loops move says so, one whose loop hangs ends itself."""

import os
import subprocess
import sys
import time

import pytest

from shared import progress
from shared.database.migrator import ROOT
from shared.probe import complaint
from shared.progress import DEAF_STATUS, Pulse, moved, rests, stuck_loops
from shared.testing import eventually

HANGING = """
import threading, time
from pathlib import Path
from shared import logs, progress
progress.DEAF_SECONDS, progress.PULSE_SECONDS = 1.0, 0.05
progress.stuck_loops.__kwdefaults__["after"] = 1.0
logs.configure("test", role="bus")
progress.Pulse(Path({file!r})).start()
for _ in range(10):
    progress.moved("relay")
    time.sleep(0.05)
threading.Event().wait()
"""


@pytest.fixture(autouse=True)
def nothing_moves_yet(monkeypatch):
    monkeypatch.setattr(progress, "_moved", {})
    monkeypatch.setattr(progress, "_loops", {})


def test_a_loop_that_has_not_moved_for_long_is_stuck(monkeypatch):
    moved("relay")
    assert stuck_loops(after=3600) == []
    assert stuck_loops(after=-1) == ["relay"]
    assert Pulse(None).reason() is None


def test_a_step_within_a_loop_counts_for_the_loop_that_the_thread_named():
    moved("consumer")
    before = progress._moved["consumer"]
    moved()
    assert progress._moved["consumer"] >= before
    assert list(progress._moved) == ["consumer"]


def test_a_thread_without_a_loop_is_not_watched():
    moved()
    assert stuck_loops(after=-1) == []


def test_a_loop_that_has_ended_is_not_watched():
    moved("relay")
    rests("relay")
    assert stuck_loops(after=-1) == []


def test_any_sign_makes_a_process_deaf():
    assert Pulse(None, [lambda: None, lambda: "it hears nothing"]).reason() == "it hears nothing"


def test_a_process_whose_loop_hangs_says_why_and_ends_itself(tmp_path):
    file = tmp_path / "progress"
    code = HANGING.format(file=str(file))
    hanging = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        said, _ = hanging.communicate(timeout=400)
    finally:
        hanging.kill()
    assert hanging.returncode == DEAF_STATUS
    assert "no progress in relay" in said
    assert file.exists()


def test_a_file_is_fresh_while_it_is_touched(tmp_path):
    file = tmp_path / "progress"
    assert complaint(str(file))
    pulse = Pulse(file).start()
    try:
        eventually(lambda: complaint(str(file)) is None)
        old = time.time() - 3600
        os.utime(file, (old, old))
        eventually(lambda: complaint(str(file)) is None)
    finally:
        pulse.stop()
