"""A process that stands still is noticed, said, killed and started again; nothing that was accepted is lost."""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor

from demo.system import System
from demo.waiting import eventually
from tests.e2e.freezing import family, unwatched, wait_until_whole
from tests.e2e.people import airport
from tests.e2e.test_a_service_is_down import POINTS, ended
from tests.e2e.writing import written


def test_a_stopped_process_is_seen_killed_and_replaced(in_our_hands, ada, ben, airports):
    system = in_our_hands
    watching = ben.watches(airports)
    [pid] = system.pids("data-bus")
    with ThreadPoolExecutor(1) as pool:
        with unwatched(system):
            os.kill(pid, signal.SIGSTOP)
            writing = pool.submit(written, ada, airports, **airport())  # it may hold SQLite's lock
            eventually(lambda: says_not_ready(system, "data-bus"), "the status says that it does not move")
        eventually(lambda: system.pids("data-bus") not in ([pid], []), "another takes its place", within=120)
        row = writing.result()["id"]
    wait_until_whole(system)
    watching.expect([("created", row)])


def says_not_ready(system: System, name: str) -> bool:
    """Whether the operator's table has a process that runs as one that is not ready."""
    return re.search(rf"^{name}\s+running\s.* MB\s+no ", system.status(), re.MULTILINE) is not None


def test_a_stopped_child_of_a_worker_is_replaced_and_its_job_ends(in_our_hands, ada):
    system = in_our_hands
    [pid] = system.pids("worker-tasks")
    child = family(pid)[-1]
    child.send_signal(signal.SIGSTOP)
    job = ada.api.ask("POST", "/v1/jobs", json={"kind": "geo.nearest", "input": {"points": POINTS}})
    eventually(lambda: not child.is_running(), "the child is killed", within=120)
    eventually(lambda: ended(ada, job["id"]), "the job ends", within=300)
    assert system.pids("worker-tasks") == [pid]
