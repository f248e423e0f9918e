"""`quintet down`: ends every process of a system, in order where supervisord still listens, and in any case."""

import time
from collections.abc import Callable
from http.client import HTTPException
from xmlrpc import client

from quintet import hunt
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.state import State
from quintet.supervision import Supervisor

LAST = ("redis", "rabbitmq", "epmd", "postgres")  # what the others write to until they end
GRACE_SECONDS = 25


def down(state: State, say: Callable[[str], None]) -> bool:
    """Whether anything ran. Afterwards nothing of the system does, or Failed names what could not be ended."""
    if not state.path("state.json").exists():  # never up, or its folder was removed under it
        return hunt.end_all(state) > 0
    with state.lock():
        before = hunt.living(state)
        if before:
            _ask_supervisor(state)
            if left := hunt.end_all(state):
                say(f"{left} processes had to be ended one by one")
        if left := hunt.living(state):
            raise Failed("Still alive: " + ", ".join(f"{one.pid} ({one.name()})" for one in left))
    return bool(before)


def _ask_supervisor(state: State) -> None:
    supervisor = Supervisor(state, state.shape(), Keys(state))
    try:
        if not supervisor.is_running():
            return
        names = set(supervisor.processes())
        end_processes(supervisor, names - set(LAST))
        end_processes(supervisor, names & set(LAST))
        supervisor.shut_down()
        _wait(lambda: not hunt.living(state), 5)
    except (OSError, HTTPException, client.Error):
        return  # it died or hangs: the hunt follows


def end_processes(supervisor: Supervisor, names: set[str]) -> None:
    """Stops these processes, and returns when they have ended, or after a while."""
    for name in names:
        supervisor.stop(name)
    _wait(lambda: not any(one["pid"] for name, one in supervisor.processes().items() if name in names), GRACE_SECONDS)


def _wait(is_done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_done() and time.monotonic() < deadline:
        time.sleep(0.05)
