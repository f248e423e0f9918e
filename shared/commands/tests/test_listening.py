"""A worker that lives but no longer hears its broker ends itself; one that is busy or has nothing to hear does not."""

from types import SimpleNamespace

import pytest
from celery.worker import state

from shared.commands.celery_app import make_celery
from shared.commands.listening import LOOK_SECONDS, Hearing
from shared.commands.tests.errands import states
from shared.commands.tests.test_sending import step_until
from shared.progress import DEAF_SECONDS, DEAF_STATUS
from shared.testing import eventually


@pytest.fixture
def clock() -> SimpleNamespace:
    return SimpleNamespace(now=0.0)


@pytest.fixture
def hearing(redis_url, clock) -> Hearing:
    """Of a worker of two slots that never receives anything."""
    app = make_celery("errands", SimpleNamespace(celery_url=redis_url), concurrency=2)
    app.amqp.queues.select("errands")
    return Hearing(app, clock=lambda: clock.now)


def looks_until(hearing: Hearing, clock, end: float) -> str | None:
    """Has the sign looked regularly until then; what it said last."""
    said = hearing()
    while clock.now < end:
        clock.now += LOOK_SECONDS
        said = hearing()
    return said


def test_a_worker_that_takes_no_waiting_message_is_deaf_after_a_while(hearing, clock, make_sender, submit, redis_url):
    submit()
    make_sender(redis_url).step()
    assert hearing.messages_wait()
    assert looks_until(hearing, clock, DEAF_SECONDS - LOOK_SECONDS) is None
    assert "messages wait" in looks_until(hearing, clock, DEAF_SECONDS + LOOK_SECONDS)


def test_a_worker_that_receives_something_hears(hearing, clock, make_sender, submit, redis_url):
    submit()
    make_sender(redis_url).step()
    looks_until(hearing, clock, DEAF_SECONDS - LOOK_SECONDS)
    hearing._hear()
    assert looks_until(hearing, clock, DEAF_SECONDS + LOOK_SECONDS) is None


def test_a_worker_whose_slots_are_all_busy_is_not_deaf(hearing, clock, make_sender, submit, redis_url, monkeypatch):
    submit()
    make_sender(redis_url).step()
    monkeypatch.setattr(state, "active_requests", {"one", "other"})
    assert looks_until(hearing, clock, 3 * DEAF_SECONDS) is None


def test_a_worker_that_was_told_to_end_is_not_deaf(hearing, clock, make_sender, submit, redis_url, monkeypatch):
    submit()
    make_sender(redis_url).step()
    monkeypatch.setattr(state, "should_stop", 0)
    assert looks_until(hearing, clock, 3 * DEAF_SECONDS) is None


def test_a_worker_with_nothing_to_hear_is_not_deaf(hearing, clock):
    assert looks_until(hearing, clock, 3 * DEAF_SECONDS) is None


def test_a_worker_whose_broker_is_off_is_not_deaf(redis_server, clock):
    app = make_celery("errands", SimpleNamespace(celery_url=redis_server.url), concurrency=2)
    app.amqp.queues.select("errands")
    redis_server.stop()
    assert looks_until(Hearing(app, clock=lambda: clock.now), clock, 2 * LOOK_SECONDS) is None


@pytest.mark.slow
def test_a_deaf_worker_ends_itself_and_its_successor_takes_what_waits(
    redis_server, make_sender, submit, start_worker, database
):
    sender = make_sender(redis_server.url)
    worker = start_worker(redis_server.url, deaf_seconds=5)
    submit(kind="go deaf")
    step_until(sender, lambda: states(database) == {"succeeded": 1})
    for _ in range(3):
        submit()
    step_until(sender, lambda: worker.poll() is not None)
    assert worker.returncode == DEAF_STATUS
    start_worker(redis_server.url)
    eventually(lambda: sender.step() >= 0 and states(database) == {"succeeded": 4}, within=400)
