"""Every process of a system is found and ended; no other is touched."""

import os
import signal
import subprocess
import sys

import pytest

from quintet import hunt
from quintet.state import State
from quintet.supervision import base_environment
from shared.testing import eventually

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("on", flush=True)
time.sleep(600)
"""


@pytest.fixture
def state(tmp_path):
    return State(tmp_path)


@pytest.fixture
def start():
    started = []

    def run(state: State, environment: dict[str, str] | None = None) -> subprocess.Popen:
        command = [sys.executable, "-c", STUBBORN]
        process = subprocess.Popen(command, env=environment, cwd=state.folder, stdout=subprocess.PIPE)
        process.stdout.readline()
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait(10)
        process.stdout.close()


def test_a_process_that_ignores_the_request_is_killed_with_its_children(state, start):
    process = start(state, base_environment(state))
    eventually(lambda: len(hunt.living(state)) == 2)
    assert hunt.end_all(state, grace=0.2) == 2
    assert hunt.living(state) == []
    assert process.wait(10) is not None


def test_a_stopped_process_is_ended(state, start):
    process = start(state, base_environment(state))
    os.kill(process.pid, signal.SIGSTOP)
    hunt.end_all(state, grace=0.2)
    assert process.wait(10) is not None


def test_whoever_only_stands_in_the_folder_is_left_alone(state, start):
    process = start(state)
    assert hunt.end_all(state) == 0
    assert process.poll() is None


def test_another_system_is_left_alone(state, start, tmp_path_factory):
    other = State(tmp_path_factory.mktemp("other"))
    process = start(other, base_environment(other))
    assert hunt.end_all(state) == 0
    assert process.poll() is None
    hunt.end_all(other, grace=0.2)
