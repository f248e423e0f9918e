"""SIGTERM: what was asked is answered, what was begun is done by this one or by another, and the process ends well."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil
import pytest

from demo.containers import Containers, logged, runs_once, said, service_of
from demo.waiting import ensure, eventually
from tests.e2e.freezing import family, wait_until_whole
from tests.e2e.people import airport
from tests.e2e.test_a_service_is_down import ended

ROLES = ("gateway", "auth", "realtime", "data-bus", "mail-tasks", "worker-tasks", "beat", "redis", "postgres")
GRACE = 40  # of those that do jobs; the others need not as much
KILLED = 137
MANY = [{"id": str(number), "latitude": number % 170 - 85, "longitude": number / 100} for number in range(17_000)]
"""Points that take some seconds, so that a worker can be met at them."""


@pytest.fixture(scope="module", autouse=True)
def two_who_do_jobs(system) -> Iterator[None]:
    scale(system, 2)
    yield
    scale(system, 1)


@pytest.fixture(autouse=True)
def started_again(system, cast) -> Iterator[None]:
    yield  # before the people of the scenario leave
    for one in system.containers():
        if one["State"]["Status"] == "exited" and not runs_once(one):
            said("docker", "start", one["Id"])
    wait_until_whole(system, within=300)


def scale(system: Containers, count: int) -> None:
    """So many containers that do jobs, all of them well."""
    system.scale(**{"worker-tasks": count})
    wait_until_whole(system, within=300)


def stop(container: dict, grace: int = GRACE) -> int:
    """Tells a container to end; the status that its process ended with."""
    said("docker", "stop", "--time", str(grace), container["Id"], within=grace + 120)
    return int(said("docker", "inspect", "--format", "{{.State.ExitCode}}", container["Id"]))


@contextmanager
def outbox_locked(system: Containers, service: str) -> Iterator[threading.Event]:
    """Inside, nobody writes to the service's outbox until the event is set."""
    [postgres] = system.containers("postgres")
    psql = ["docker", "exec", "-i", postgres["Id"], "psql", "--quiet", "--username", "postgres", "--dbname", service]
    release = threading.Event()
    with subprocess.Popen(psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as locking:
        locking.stdin.write("BEGIN; LOCK TABLE outbox IN EXCLUSIVE MODE; SELECT 'locked';\n")
        locking.stdin.flush()
        eventually(lambda: "locked" in locking.stdout.readline(), "the outbox is locked")
        waiter = threading.Thread(target=lambda: (release.wait(20), locking.stdin.close()))
        waiter.start()
        try:
            yield release
        finally:
            release.set()
            waiter.join()


def waits_for_the_lock(system: Containers, service: str) -> bool:
    """Whether a transaction waits to write an event into the service's outbox."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE 'insert into outbox%'"
    psql = ("psql", "--tuples-only", "--username", "postgres", "--dbname", service, "--command", asked)
    return int(system.run_in("postgres", *psql)) > 0


def test_a_request_that_is_under_way_is_answered_before_its_instance_ends(system, ada, airports):
    [data] = system.containers("data")
    with ThreadPoolExecutor(2) as pool:
        with outbox_locked(system, "data") as release:
            creating = pool.submit(ada.creates, airports, **airport())
            eventually(lambda: waits_for_the_lock(system, "data"), "the request waits")
            stopping = pool.submit(stop, data)
            eventually(lambda: "draining" in health_of(data), "it says that it is about to end")
            assert not creating.done()
            release.set()
        assert creating.result(timeout=60)["iata"] == "T0"
        assert stopping.result(timeout=180) == 0


def health_of(container: dict) -> str:
    """What the container's own check says now."""
    asked = ("python", "-m", "shared.probe", "http://127.0.0.1:8000/readyz")
    return subprocess.run(["docker", "exec", container["Id"], *asked], capture_output=True, text=True).stdout


def test_every_role_ends_well_within_its_time(system):
    containers = [one for name in ROLES for one in system.containers(name)]
    with ThreadPoolExecutor(5) as pool:
        statuses = list(zip(map(service_of, containers), pool.map(stop, containers), strict=True))
    assert [ended for ended in statuses if ended[1] != 0] == []
    assert {name for name, _ in statuses} == {*ROLES}


@pytest.fixture
def held_job(system, ada) -> Iterator[tuple[str, dict, psutil.Process]]:
    """A job that one of two containers works on, whose worker stands still so that it lasts: id, container, worker."""
    job = ada.api.ask("POST", "/v1/jobs", json={"kind": "geo.nearest", "input": {"points": MANY}})
    taker = eventually(lambda: working_on(system, job["id"]), "one takes the job")
    worker = family(taker["State"]["Pid"])[-1]
    worker.send_signal(signal.SIGSTOP)
    try:
        yield job["id"], taker, worker
    finally:
        if worker.is_running():
            worker.send_signal(signal.SIGCONT)


def test_a_job_that_lasts_longer_than_its_container_may_is_handed_back_and_done_by_another(system, ada, held_job):
    """As a first attempt: an ordered end is not the job's fault."""
    job_id, taker, _ = held_job
    assert stop(taker) == 0
    assert lines(taker, "command handed back", job_id)
    other = eventually(lambda: working_on(system, job_id, but=taker), "another takes it")
    eventually(lambda: ended(ada, job_id), "it does it", within=300, every=1)
    assert (ends(taker, job_id), ends(other, job_id)) == (0, 1)
    assert [line["attempt"] for line in lines(other, "task ended", job_id)] == [1]


def test_a_job_whose_container_is_killed_is_done_once_by_another_when_its_lease_has_run_out(system, ada, held_job):
    job_id, taker, _ = held_job
    assert stop(taker, grace=1) == KILLED
    eventually(lambda: ended(ada, job_id), "another does it", within=300, every=1)
    others = [one for one in system.containers("worker-tasks") if one["Id"] != taker["Id"]]
    assert [ends(one, job_id) for one in [taker, *others]] == [0, 1]


def test_a_job_that_is_under_way_is_done_before_its_container_ends(system, ada, held_job):
    job_id, taker, worker = held_job
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(stop, taker)
        eventually(lambda: said_to_end(taker), "it is told to end")
        worker.send_signal(signal.SIGCONT)
        assert stopping.result(timeout=180) == 0
    assert ended(ada, job_id)
    assert ends(taker, job_id) == 1


def working_on(system: Containers, job_id: str, but: dict | None = None) -> dict | None:
    """The container whose log says that it has begun the job; another one than `but`."""
    found = system.containers("worker-tasks")
    ensure(len(found) == 2, f"{len(found)} containers do jobs")
    others = [one for one in found if but is None or one["Id"] != but["Id"]]
    return next((one for one in others if lines(one, "task started", job_id)), None)


def said_to_end(container: dict) -> bool:
    """Whether its log says that it takes no more jobs."""
    return "Warm shutdown" in logged(container)


def ends(container: dict, job_id: str) -> int:
    """How often a container has brought the job to its end."""
    return sum(line["state"] == "succeeded" for line in lines(container, "task ended", job_id))


def lines(container: dict, event: str, job_id: str) -> list[dict]:
    """The lines of a container's log that tell of that event and that job."""
    return [json.loads(line) for line in logged(container).splitlines() if event in line and job_id in line]
