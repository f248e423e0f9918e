"""A worker that is told to end: what it can finish within its time is done, the rest is another's at once."""

import os
import signal
import threading
from collections.abc import Iterable
from contextlib import suppress

from celery import signals
from celery.worker import state
from celery.worker.request import Request

from shared.commands.failures import describe
from shared.logs import get

FINISHING_SECONDS = 15.0
"""How long work may go on after SIGTERM. Whoever stops a worker waits longer than this before it kills."""

log = get("commands")


class Ending:
    """Runs beside Celery's warm shutdown, which waits for its tasks without end."""

    def __init__(self) -> None:
        self._has_begun = False
        signals.worker_shutting_down.connect(self._begin, weak=False)

    def _begin(self, **_: object) -> None:
        if not self._has_begun:
            self._has_begun = True
            timer = threading.Timer(FINISHING_SECONDS, _end_now)
            timer.daemon = True  # who is done earlier ends earlier
            timer.start()


def _end_now() -> None:
    """Without any clean-up: a thread can't be stopped, and nothing of ours relies on an orderly end."""
    try:
        hand_back(state.active_requests.copy())
    except Exception as error:
        log.error("commands not handed back, their leases must run out", error=describe(error))
    finally:
        os._exit(os.EX_OK)


def hand_back(requests: Iterable[Request]) -> None:
    """Stops the children that work on these messages and makes their commands due again."""
    for request in requests:
        _stop_child(request.worker_pid)
        if request.task.commands.hand_back(request.id):
            log.info("command handed back", task=request.name, command_id=request.id)


def _stop_child(pid: int | None) -> None:
    """Of prefork; a pool of threads works in this very process."""
    if pid not in (None, os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
