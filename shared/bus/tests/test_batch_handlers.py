"""A batch handler gets a run at once; what holds for a single handler holds for each of its events."""

import io
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from shared import logs, trace
from shared.bus import announce
from shared.bus.source.outbox import announce_all
from shared.bus.tables import outbox, positions, waiting
from shared.bus.tests.conftest import World, book
from shared.bus.tests.ledger import Noted
from shared.testing import eventually
from shared.testing.clocks import standing

pytestmark = pytest.mark.usefixtures("standing_clock")  # what waits is not tried again while a step is under way
ACCOUNT = "account-1"


class Batches:
    """A batch handler that writes down how many came at once, and may be told to fail on an amount."""

    def __init__(self, world: World):
        self.sizes, self.fails_on, self.trace_ids = [], set(), []

        @world.handlers.on(Noted, batch=True)
        def note_all(session, batch):
            self.sizes.append(len(batch))
            self.trace_ids.append(trace.current().trace_id)
            rows = [{"account": event.account, "amount": event.amount} for event, _envelope in batch]
            session.execute(sa.insert(book), rows)
            if any(event.amount in self.fails_on for event, _envelope in batch):
                raise ValueError("not this one")


@pytest.fixture
def lines():
    """What has been logged."""
    written = io.StringIO()
    logs.configure("reader", role="bus", stream=written)
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.fixture
def batches(world) -> Batches:
    return Batches(world)


def write(world: World, *amounts: int, account: str = ACCOUNT) -> None:
    """All in one transaction, so that they come in one run."""
    with world.source.transaction() as session:
        announce_all(session, [Noted(account=account, amount=amount) for amount in amounts])


def handle(world: World, consumer, count: int) -> None:
    """Relays and consumes until so many events were handled."""
    relay, handled = world.relay(), 0
    assert relay.is_leading()

    def is_done() -> bool:
        nonlocal handled
        relay.step()
        handled += consumer.step(wait_seconds=0.05)
        return handled >= count

    try:
        eventually(is_done)
    finally:
        relay.leases.release()


@pytest.fixture
def consumer(world, batches):
    """One that has had its first, careful event of the account behind it."""
    consumer = world.consumer()
    write(world, 0)
    handle(world, consumer, 1)
    batches.sizes.clear()
    batches.trace_ids.clear()
    return consumer


def test_a_run_of_events_comes_at_once_and_in_order(world, batches, consumer):
    write(world, *range(1, 11))
    handle(world, consumer, 10)
    assert batches.sizes == [10]
    assert world.noted(ACCOUNT) == list(range(11))


def test_the_effects_and_the_number_of_a_batch_commit_together_or_not_at_all(world, batches, consumer, monkeypatch):
    write(world, 1, 2, 3)
    with monkeypatch.context() as patch:
        patch.setattr("shared.bus.consuming.handling.Handling._handle_one", _die)
        batches.fails_on = {2}
        with pytest.raises(_Died):
            handle(world, consumer, 3)
    assert world.noted(ACCOUNT) == [0]
    with world.target.reading() as session:
        assert session.scalar(sa.select(sa.func.sum(positions.c.number))) == 1
    batches.fails_on = set()
    handle(world, consumer, 3)
    assert world.noted(ACCOUNT) == [0, 1, 2, 3]


class _Died(BaseException):
    pass


def _die(*_arguments):
    raise _Died


def test_only_the_event_that_fails_waits_and_its_key_queues_behind_it(world, batches, consumer):
    batches.fails_on = {2}
    write(world, 1, 2, 3)
    handle(world, consumer, 3)
    assert batches.sizes == [3, 1, 1]  # all, then 1 and 2 alone; 3 has queued behind 2
    assert world.noted(ACCOUNT) == [0, 1]
    write(world, 4)
    handle(world, consumer, 1)
    with world.target.reading() as session:
        held = list(session.scalars(sa.select(waiting.c.attempts).order_by(waiting.c.id)))
    assert held[0] >= 1
    assert len(held) == 3
    batches.fails_on = set()
    with standing(later=timedelta(minutes=5)):
        eventually(lambda: consumer.step(wait_seconds=0.05) + 1 and world.noted(ACCOUNT) == [0, 1, 2, 3, 4])


def test_another_key_is_not_held_up_by_a_batch_that_fails(world, batches, consumer):
    batches.fails_on = {2}
    write(world, 2)
    handle(world, consumer, 1)
    other = "account-9"
    write(world, 5, 6, account=other)
    handle(world, consumer, 2)
    assert world.noted(other) == [5, 6]


def test_single_and_batch_handlers_share_a_run(world, batches, consumer):
    singles = []

    @world.handlers.on(Noted)
    def note_one(_session, event, _envelope):
        singles.append(event.amount)

    write(world, 1, 2, 3)
    handle(world, consumer, 3)
    assert (singles, batches.sizes) == ([1, 2, 3], [3])


def test_a_batch_of_one_trace_runs_in_it(world, batches, consumer):
    with trace.begin() as step:
        write(world, 1, 2)
    handle(world, consumer, 2)
    assert batches.trace_ids == [step.trace_id]


def test_a_batch_of_several_traces_has_one_of_its_own_which_each_event_s_line_names(world, batches, consumer, lines):
    steps = []
    for amount in (1, 2):
        with trace.begin() as step:
            steps.append(step.trace_id)
            write(world, amount)
    handle(world, consumer, 2)
    assert len(batches.trace_ids) == 1
    assert batches.trace_ids[0] not in steps
    told = [line for line in lines() if line["event"] == "event handled"]
    assert [line["batch_trace_id"] for line in told] == batches.trace_ids * 2
    assert [line["trace_id"] for line in told] == steps


def test_what_a_batch_announces_within_an_event_s_step_goes_on_in_its_trace(world):
    @world.handlers.on(Noted, batch=True)
    def pass_on(session, batch):
        for event, envelope in batch:
            with envelope.step():
                announce(session, Noted(account="passed-on", amount=event.amount))

    consumer = world.consumer()
    write(world, 0)
    handle(world, consumer, 1)
    steps = []
    for amount in (1, 2):
        with trace.begin() as step:
            steps.append(step.trace_id)
            write(world, amount)
    handle(world, consumer, 2)
    with world.target.reading() as session:
        assert list(session.scalars(sa.select(outbox.c.trace_id).order_by(outbox.c.seq)))[1:] == steps
