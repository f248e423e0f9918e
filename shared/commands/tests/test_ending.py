"""A worker told to end: it finishes what fits its time, and another has the rest at once, whatever the lease."""

import signal

import psutil
import pytest

from shared.commands.tests.errands import Mark, marks_of, states
from shared.commands.tests.test_sending import step_until
from shared.testing import eventually

LONG = 600.0
"""A lease by whose end nothing here may have to wait."""


@pytest.fixture(params=["threads", "prefork"])
def pool(request) -> str:
    return request.param


@pytest.fixture
def begun(redis_url, make_sender, submit, start_worker, database, pool):
    """Has a worker of that patience begin an errand that waits; the worker, the errand and the sender."""

    def begin(finishing_seconds: float):
        sender, errand_id = make_sender(redis_url), submit(kind="wait")
        worker = start_worker(redis_url, pool, lease_seconds=LONG, finishing_seconds=finishing_seconds)
        step_until(sender, lambda: marks_of(database, errand_id) == ["begun 1"])
        return worker, errand_id, sender

    return begin


def let_go(database, errand_id: str) -> None:
    with database.transaction() as session:
        session.add(Mark(errand_id=errand_id, what="go"))


def test_a_worker_told_to_end_finishes_what_fits_its_time(begun, database):
    worker, errand_id, _ = begun(finishing_seconds=LONG)
    worker.send_signal(signal.SIGTERM)
    let_go(database, errand_id)
    assert worker.wait(240) == 0
    assert marks_of(database, errand_id) == ["begun 1", "go", "done"]


@pytest.mark.slow
def test_what_does_not_fit_its_time_is_handed_back_and_done_by_another_at_once(
    begun, redis_url, start_worker, database, pool
):
    worker, errand_id, sender = begun(finishing_seconds=0.1)
    children = psutil.Process(worker.pid).children(recursive=True)
    for child in children:
        child.suspend()  # even a child that does not move is no hindrance
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(240) == 0
    eventually(lambda: not any(child.is_running() for child in children))
    assert states(database) == {"queued": 1}
    start_worker(redis_url, pool, lease_seconds=LONG)
    step_until(sender, lambda: marks_of(database, errand_id) == ["begun 1", "begun 1"])
    let_go(database, errand_id)
    step_until(sender, lambda: states(database) == {"succeeded": 1})
    assert marks_of(database, errand_id) == ["begun 1", "begun 1", "go", "done"]
