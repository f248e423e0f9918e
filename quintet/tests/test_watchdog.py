"""The watchdog: what stands still or does not answer is killed, what is merely busy is not."""

import os
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from quintet import processes, readiness, watchdog
from quintet.processes import Process
from quintet.state import State
from quintet.watchdog import DEAF_SECONDS, STARTING_SECONDS, STOPPED_SECONDS, Watchdog

PARENT = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE).wait()"


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=0.0)


@pytest.fixture
def state(tmp_path) -> State:
    state = State(tmp_path)
    state.make_folders()
    return state


@pytest.fixture
def dog(state, clock):
    said = []
    dog = Watchdog(state, os.getpid(), say=lambda event, **details: said.append(details), clock=lambda: clock.now)
    dog.said = said
    return dog


@pytest.fixture
def parent():
    """A process with one child."""
    process = subprocess.Popen([sys.executable, "-c", PARENT])
    ours = psutil.Process(process.pid)
    wait_for(lambda: ours.children())
    family = [ours, *ours.children()]
    yield ours
    for one in family:
        if one.is_running():
            one.kill()
    process.wait(10)


def wait_for(condition, within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def is_stopped(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_stopped_process_is_killed_with_its_children_after_a_while(dog, clock, parent):
    child = parent.children()[0]
    os.kill(parent.pid, signal.SIGSTOP)
    wait_for(lambda: is_stopped(parent))
    dog._end_the_stopped({"data-bus": parent.pid})
    clock.now = STOPPED_SECONDS - 1
    dog._end_the_stopped({"data-bus": parent.pid})
    assert dog.said == []
    clock.now = STOPPED_SECONDS
    dog._end_the_stopped({"data-bus": parent.pid})
    wait_for(lambda: is_gone(parent) and is_gone(child))
    assert {one["process"] for one in dog.said} == {"data-bus"}


def test_of_a_process_with_a_stopped_child_only_the_child_is_killed(dog, clock, parent):
    child = parent.children()[0]
    os.kill(child.pid, signal.SIGSTOP)
    wait_for(lambda: is_stopped(child))
    dog._end_the_stopped({"data": parent.pid})
    clock.now = STOPPED_SECONDS
    dog._end_the_stopped({"data": parent.pid})
    wait_for(lambda: is_gone(child))
    assert [one["pid"] for one in dog.said] == [child.pid]


def test_a_process_that_goes_on_in_time_is_left_alone(dog, clock, parent):
    for moment in (0.0, STOPPED_SECONDS - 1):
        clock.now = moment
        os.kill(parent.pid, signal.SIGSTOP)
        wait_for(lambda: is_stopped(parent))
        dog._end_the_stopped({"data": parent.pid})
        os.kill(parent.pid, signal.SIGCONT)
        wait_for(lambda: not is_stopped(parent))
        dog._end_the_stopped({"data": parent.pid})
    clock.now = STOPPED_SECONDS + 1
    dog._end_the_stopped({"data": parent.pid})
    assert dog.said == []
    assert parent.is_running()


NOBODY = 2**22 + 1
"""A pid that no process can have."""


def deaf_names(dog, process: Process, pid: int = NOBODY, since: float = 0) -> list[str]:
    return [one.name for one, _ in dog._deaf([process], {process.name: {"pid": pid, "start": since}})]


def test_a_server_that_does_not_answer_is_deaf_once_that_lasts(dog, clock):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # bound, not listening: whoever comes is refused
        server = Process("data", ["x"], port=silent.getsockname()[1], url="/readyz", alive_url="/healthz")
        assert deaf_names(dog, server) == []
        clock.now = DEAF_SECONDS - 1
        assert deaf_names(dog, server) == []
        clock.now = DEAF_SECONDS
        assert deaf_names(dog, server) == ["data"]
        assert deaf_names(dog, server, pid=NOBODY + 1) == []  # a new life has its own time


def test_a_server_that_only_begins_has_longer_until_it_answers_for_the_first_time(dog, clock, monkeypatch):
    says = SimpleNamespace(status=0)
    monkeypatch.setattr(readiness, "answers", lambda *_, **__: (says.status, b""))
    server, began = Process("data", ["x"], port=1, url="/readyz", alive_url="/healthz"), time.time()
    for clock.now in (0.0, DEAF_SECONDS + 1, STARTING_SECONDS - 10):
        assert deaf_names(dog, server, since=began) == []
    clock.now = STARTING_SECONDS + 1
    assert deaf_names(dog, server, since=began) == ["data"]
    says.status = 200
    assert deaf_names(dog, server, since=began) == []
    says.status, clock.now = 0, clock.now + DEAF_SECONDS
    assert deaf_names(dog, server, since=began) == ["data"]  # it has answered once: no longer than others


def test_a_child_that_only_begins_has_longer_too(dog, clock, monkeypatch, parent):
    monkeypatch.setattr(readiness, "answers", lambda *_, **__: (0, b""))
    server, long_ago = Process("data", ["x"], port=1, url="/readyz", alive_url="/healthz"), time.time() - 3600
    for clock.now in (0.0, DEAF_SECONDS + 1):
        assert deaf_names(dog, server, pid=parent.pid, since=long_ago) == []
    clock.now = STARTING_SECONDS + 1
    assert deaf_names(dog, server, pid=parent.pid, since=long_ago) == ["data"]


def test_a_server_that_answers_is_alive_whatever_it_says(dog, clock, monkeypatch):
    monkeypatch.setattr(readiness, "answers", lambda *_, **__: (503, b""))
    server = Process("data", ["x"], port=1, url="/readyz", alive_url="/healthz")
    for clock.now in (0.0, DEAF_SECONDS, 2 * DEAF_SECONDS):
        assert deaf_names(dog, server) == []


def test_a_role_that_no_longer_touches_its_file_is_deaf_and_not_ready(dog, state):
    role = Process("data-bus", ["x"], line="x", moves=True)
    file = state.path(processes.progress_file("data-bus"))
    assert deaf_names(dog, role) == []  # it has not begun
    file.touch()
    assert deaf_names(dog, role) == []
    old = time.time() - DEAF_SECONDS - 1
    os.utime(file, (old, old))
    assert deaf_names(dog, role) == ["data-bus"]
    assert not readiness.is_ready(state, role, {"statename": "RUNNING", "start": 0})
    assert deaf_names(dog, role, since=time.time()) == []  # touched by an earlier life


def test_every_role_is_watched(state):
    from quintet.choosing import assign_ports
    from quintet.settings import OperatorSettings
    from quintet.state import Shape

    shape = assign_ports(Shape(port=0, mail_port=0, database="postgres"), OperatorSettings(), is_running=False)
    table = processes.watched(state, shape)
    unwatched = [one.name for one in table if not one.moves and not one.alive_url and (one.url or not one.port)]
    assert unwatched == []
    assert {one.name for one in table if one.moves} >= {*watchdog.processes.WATCHDOGS, "beat", "mail-tasks", "auth-bus"}
