"""Commands through a real broker and real workers: lost, doubled, late, killed, and done once all the same."""

import time
from datetime import timedelta

import pytest
from celery import Celery

from shared import clock
from shared.commands.tests.brokers import RabbitTasks, RedisTasks
from shared.commands.tests.errands import Errand, Mark, marks_of, states
from shared.testing import eventually

KINDS = [("sqlite", "redis"), ("postgres", "redis"), ("sqlite", "rabbitmq")]
pytestmark = pytest.mark.parametrize(("database_url", "broker"), KINDS, indirect=True)


def step_until(sender, ask, within: float = 400.0):
    """Lets the sender work, as the bus role does, until `ask` is true."""

    def once():
        sender.step()
        return ask()

    return eventually(once, within=within)


@pytest.fixture
def broker(request):
    """Of the kind under test."""
    if request.param == "redis":
        return RedisTasks(request.getfixturevalue("redis_server"))
    return RabbitTasks(request.getfixturevalue("rabbit_server"))


def test_a_due_command_goes_out_once_until_nobody_takes_it(broker, make_sender, submit):
    sender = make_sender(broker.url)
    now = clock.now()
    with clock.told_by(lambda: now):
        submit()
        sender.step()
        sender.step()
    assert broker.messages() == 1
    later = now + timedelta(seconds=1)
    with clock.told_by(lambda: later):
        sender.step()
        sender.step()
    assert broker.messages() == 2


def test_a_lost_message_is_sent_again(broker, make_sender, submit):
    sender = make_sender(broker.url)
    submit()
    sender.step()
    broker.flush()
    step_until(sender, lambda: broker.messages() >= 1)


def test_a_silent_broker_only_delays_and_costs_little_time(broker, make_sender, submit, database):
    sender = make_sender(broker.url)
    submit()
    sender.step()
    broker.stop()
    submit()
    for _ in range(3):
        assert sender.step() <= 1.0
    eventually(lambda: seconds_of(sender.step) < 1.0)  # on a busy machine not each
    broker.start()
    step_until(sender, lambda: broker.messages() >= 2)


def seconds_of(act) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def test_the_message_names_the_row_and_nothing_else(broker, make_sender, submit):
    sender = make_sender(broker.url)
    errand_id = submit(kind="secret")
    sender.step()
    taken = []
    queue = sender.celery_app.amqp.queues["errands"]
    with Celery(broker=broker.url).connection_for_read(transport_options=broker.options) as connection:
        message = connection.SimpleQueue(queue).get(timeout=60)
        taken.append(message.payload)
        assert message.headers["traceparent"].startswith("00-")
    assert taken[0][:2] == [[], {"id": errand_id}]


@pytest.mark.slow
def test_a_killed_worker_and_a_flushed_broker_lose_and_double_nothing(
    broker, make_sender, submit, start_worker, database
):
    sender = make_sender(broker.url)
    worker = start_worker(broker.url)
    errands = [submit(kind="die once"), *(submit() for _ in range(30))]

    def keep_a_worker_running():
        nonlocal worker
        if worker.poll() is not None:
            broker.flush()
            worker = start_worker(broker.url)
        return states(database) == {"succeeded": 31}

    step_until(sender, keep_a_worker_running)
    assert all(marks_of(database, errand_id).count("done") == 1 for errand_id in errands)


@pytest.mark.slow
def test_what_kills_its_worker_every_time_is_given_up_and_takes_no_other_along(
    broker, make_sender, submit, start_worker, database
):
    sender = make_sender(broker.url)
    start_worker(broker.url, "prefork")
    poison, failing, hopeless = submit(kind="die"), submit(kind="fail"), submit(kind="give up")
    plain = [submit() for _ in range(10)]
    step_until(sender, lambda: states(database) == {"succeeded": 10, "failed": 3})
    assert all(marks_of(database, errand_id) == ["begun 1", "done"] for errand_id in plain)
    assert marks_of(database, poison) == [f"begun {attempt}" for attempt in range(1, 6)]
    with database.reading() as session:
        errors = {one: session.get(Errand, one).last_error for one in (poison, failing, hopeless)}
    assert errors[poison] == "WorkerLost: The worker was lost in each of 5 attempts."
    assert errors[failing] == "RuntimeError: not today"
    assert errors[hopeless] == "it makes no sense"


@pytest.mark.slow
def test_a_worker_whose_acknowledgements_were_lost_goes_on_when_the_broker_is_back(
    broker, make_sender, submit, start_worker, database
):
    sender = make_sender(broker.url)
    start_worker(broker.url, lease_seconds=600)
    in_hand = [submit(kind="wait") for _ in range(2)]  # as many as it may have
    step_until(sender, lambda: all(marks_of(database, one) == ["begun 1"] for one in in_hand))
    broker.stop()
    with database.transaction() as session:
        session.add_all(Mark(errand_id=one, what="go") for one in in_hand)
    eventually(lambda: states(database) == {"succeeded": 2})
    submit()
    sender.step()
    broker.start()
    step_until(sender, lambda: states(database) == {"succeeded": 3})


def test_a_worker_makes_no_queues_for_delays(broker, make_sender, submit, start_worker, database):
    sender = make_sender(broker.url)
    start_worker(broker.url)
    submit()
    step_until(sender, lambda: states(database) == {"succeeded": 1})
    assert not broker.has_queue("celery_delayed_0")


@pytest.mark.slow
def test_a_worker_hears_again_whenever_its_queue_was_forgotten_and_made_anew_at_once(
    broker, make_sender, submit, start_worker, database
):
    sender = make_sender(broker.url)
    worker = start_worker(broker.url)
    for done in range(1, 5):
        submit()
        step_until(sender, lambda done=done: states(database) == {"succeeded": done})
        broker.flush()
    assert worker.poll() is None
