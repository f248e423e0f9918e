"""A process that stands still is noticed, said, killed and started again; nothing that was accepted is lost."""

import os
import signal

from demo.waiting import eventually
from tests.e2e.freezing import family, wait_until_whole
from tests.e2e.people import airport
from tests.e2e.test_a_service_is_down import POINTS, ended


def test_a_stopped_process_is_seen_killed_and_replaced(in_our_hands, ada, ben, airports):
    system = in_our_hands
    watching = ben.watches(airports)
    [pid] = system.pids("data-bus")
    os.kill(pid, signal.SIGSTOP)
    row = ada.creates(airports, **airport())["id"]
    eventually(lambda: not system.is_whole(), "the status says that it does not move", within=30)
    eventually(lambda: system.pids("data-bus") not in ([pid], []), "another takes its place", within=45)
    wait_until_whole(system)
    watching.expect([("created", row)])


def test_a_stopped_child_of_a_worker_is_replaced_and_its_job_ends(in_our_hands, ada):
    system = in_our_hands
    [pid] = system.pids("worker-tasks")
    child = family(pid)[-1]
    child.send_signal(signal.SIGSTOP)
    job = ada.api.ask("POST", "/v1/jobs", json={"kind": "geo.nearest", "input": {"points": POINTS}})
    eventually(lambda: not child.is_running(), "the child is killed", within=45)
    eventually(lambda: ended(ada, job["id"]), "the job ends", within=120)
    assert system.pids("worker-tasks") == [pid]
