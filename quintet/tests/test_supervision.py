"""Whether supervisord runs: one that is slow does, one that was stopped or is gone does not."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

import psutil
import pytest

from quintet.keys import Keys
from quintet.state import Shape, State
from quintet.supervision import Supervisor
from shared.testing import eventually


class Doors(ThreadingMixIn, SimpleXMLRPCServer):
    """Answers where supervisord would."""


class Handler(SimpleXMLRPCRequestHandler):
    rpc_paths = ("/RPC2",)


@pytest.fixture
def asked() -> list[str]:
    """What was asked so far."""
    return []


@pytest.fixture
def supervisor(tmp_path, asked) -> Iterator[Supervisor]:
    """One that answers the second question, and the first when it is asked the second; its pid is a process's."""
    state, is_asked_again = State(tmp_path), threading.Event()
    state.make_folders()

    def state_of_it() -> dict[str, str]:
        asked.append("state")
        if len(asked) > 1:
            is_asked_again.set()
        is_asked_again.wait(60)
        return {"statename": "RUNNING"}

    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    state.path("run", "supervisord.pid").write_text(str(process.pid))
    with Doors(("127.0.0.1", 0), Handler, logRequests=False) as doors:
        doors.register_function(state_of_it, "supervisor.getState")
        threading.Thread(target=doors.serve_forever, args=(0.02,), daemon=True).start()
        found = Supervisor(state, Shape(ports={"supervisor": doors.server_address[1]}), Keys(state))
        found._transports[0].seconds = 0.2
        yield found
        found.close()
        is_asked_again.set()
        doors.shutdown()
    process.kill()
    process.communicate(timeout=60)


def test_one_that_is_slow_runs(supervisor, asked):
    assert supervisor.is_running()
    assert len(asked) == 2


def test_one_that_was_stopped_is_not_waited_for(supervisor, asked):
    os.kill(supervisor.pid(), signal.SIGSTOP)
    eventually(lambda: psutil.Process(supervisor.pid()).status() == psutil.STATUS_STOPPED)
    assert not supervisor.is_running()
    assert len(asked) == 1


def test_one_that_is_gone_does_not_run(supervisor):
    gone = Supervisor(supervisor.state, Shape(ports={"supervisor": 1}), Keys(supervisor.state))
    assert not gone.is_running()
