"""Events arrive each once and in order, whatever becomes of the broker and of the processes between two steps."""

import threading
import time

import pytest
import sqlalchemy as sa

from shared.bus.tables import outbox, positions, waiting
from shared.bus.tests.conftest import World
from shared.bus.tests.ledger import Noted
from shared.bus.tests.writers import assert_each_once_in_order, write_concurrently
from shared.testing import eventually

KINDS = [("sqlite", "memory"), *((kind, broker) for broker in ("redis", "rabbitmq") for kind in ("sqlite", "postgres"))]
pytestmark = pytest.mark.parametrize(("database_url", "broker"), KINDS, indirect=True)


@pytest.fixture
def world(databases, broker) -> World:
    """Over a broker of each kind, to be flushed and stopped."""
    return World(*databases, broker)


def test_two_relays_and_two_consumers_do_nothing_twice(world, running):
    world.keep_book()
    running(world.relay(), world.relay(), world.consumer(), world.consumer())
    write_concurrently(world, writers=3, each=100)
    eventually(lambda: len(world.noted()) >= 300)
    assert_each_once_in_order(world, writers=3, each=100)


def test_a_flushed_broker_in_mid_load_loses_nothing(world, broker, running):
    world.keep_book()
    running(world.relay(), world.consumer())
    writing = threading.Thread(target=write_concurrently, args=(world, 3, 150))
    writing.start()
    for least in (50, 150, 250):
        eventually(lambda least=least: len(world.noted()) >= least)
        broker.flush()
    writing.join()
    eventually(lambda: len(world.noted()) >= 450)
    assert_each_once_in_order(world, writers=3, each=150)


def test_events_arrive_through_the_feed_while_the_broker_is_off(world, broker, running):
    broker.stop()
    world.keep_book()
    running(world.relay(), world.consumer())
    write_concurrently(world, writers=2, each=50)
    eventually(lambda: len(world.noted()) >= 100)
    assert_each_once_in_order(world, writers=2, each=50)
    assert world.feed.questions > 0


def test_a_broker_that_comes_back_empty_carries_on(world, broker, running):
    world.keep_book()
    running(world.relay(), world.consumer())
    world.write("account-0", 0)
    eventually(lambda: world.noted() == [0])
    broker.stop()
    world.write("account-0", 1)
    eventually(lambda: world.noted() == [0, 1])
    broker.start(is_empty=True)
    world.write("account-0", 2)
    eventually(lambda: world.noted() == [0, 1, 2])


def test_a_relay_that_dies_after_sending_sends_again_without_harm(world):
    world.keep_book()
    first, consumer = world.relay(seconds=0.2), world.consumer()
    assert first.is_leading()
    world.write("account-0", 0)
    consumer.step(wait_seconds=0.05)
    first.step()  # sent, and not yet marked: here it dies
    second = world.relay(seconds=0.2)
    eventually(second.is_leading)
    world.write("account-0", 1)
    while second.step():
        pass
    eventually(lambda: consumer.step(wait_seconds=0.05) or len(world.noted()) == 2)
    eventually(lambda: world.noted() == [0, 1] or consumer.step(wait_seconds=0.05) is None)


def test_a_relay_that_wakes_after_losing_its_lease_gives_no_numbers(world):
    paused = world.relay(seconds=0.2)
    assert paused.is_leading()
    successor = world.relay(seconds=0.2)
    eventually(successor.is_leading)
    world.write("account-0", 0)
    assert paused.step() == 0
    with world.source.reading() as session:
        assert session.scalar(sa.select(outbox.c.number)) is None
    assert successor.step() > 0


def test_a_consumer_that_dies_before_its_commit_leaves_no_effect(world, monkeypatch):
    world.keep_book()
    relay = world.relay()
    assert relay.is_leading()
    world.write("account-0", 7)
    relay.step()

    class Died(BaseException):
        """Stands for the end of the process between effects and commit."""

    def die(_session, *_):
        raise Died

    dying = world.consumer(seconds=0.2)
    with monkeypatch.context() as patched:
        patched.setattr("sqlalchemy.orm.Session.begin_nested", die)
        with pytest.raises(Died):
            for _ in range(5):
                dying.step(wait_seconds=0.05)
    assert world.noted() == []
    heir = world.consumer(seconds=0.2)
    eventually(lambda: heir.step(wait_seconds=0.05) or world.noted() == [7])
    eventually(lambda: world.noted() == [7])


def test_a_handler_that_fails_then_succeeds_keeps_the_order_of_its_key(world, running):
    failures = iter([True, True])
    seen = []

    @world.handlers.on(Noted)
    def stumble(session, event, _envelope):
        if event.account == "account-0" and event.amount == 0 and next(failures, False):
            raise RuntimeError("not yet")
        seen.append((event.account, event.amount))

    running(world.relay(), world.consumer())
    for amount in range(3):
        world.write("account-0", amount)
    world.write("account-1", 0)
    eventually(lambda: ("account-1", 0) in seen)
    eventually(lambda: len(seen) == 4)
    assert [amount for account, amount in seen if account == "account-0"] == [0, 1, 2]


def test_a_poison_event_is_parked_and_its_key_goes_on(world, running, monkeypatch):
    monkeypatch.setattr("shared.bus.decisions.queueing.MAX_ATTEMPTS", 3)
    done = []

    @world.handlers.on(Noted)
    def choke(session, event, _envelope):
        if event.amount == 13:
            raise ValueError("can't be taken")
        done.append(event.amount)

    running(world.relay(), world.consumer())
    for amount in (12, 13, 14):
        world.write("account-0", amount)
    eventually(lambda: done == [12, 14])
    eventually(lambda: held(world) == [("parked", "ValueError: can't be taken")])  # once the last one has committed


def held(world: World) -> list[tuple[str, str]]:
    """What waits or is parked, and why."""
    with world.target.reading() as session:
        return session.execute(sa.select(waiting.c.state, waiting.c.last_error)).all()


def step_on(consumer) -> None:
    """Steps until the process would end."""
    eventually(lambda: consumer.step(wait_seconds=0.02) < 0)


def test_an_event_that_kills_the_process_is_parked_after_some_starts(world):
    deadly = True

    @world.handlers.on(Noted)
    def kill(session, event, _envelope):
        if deadly:
            raise SystemExit("killed")

    relay = world.relay()
    assert relay.is_leading()
    world.write("account-0", 1)
    relay.step()
    for _ in range(5):
        with pytest.raises(SystemExit):
            step_on(world.consumer(seconds=0.05))
    last = world.consumer(seconds=0.05)
    eventually(lambda: last.step(wait_seconds=0.02))
    with world.target.reading() as session:
        assert session.scalar(sa.select(waiting.c.state)) == "parked"
        assert session.scalar(sa.select(sa.func.max(positions.c.number))) == 1


def test_an_idle_consumer_asks_no_feed(world):
    world.keep_book()
    relay, consumer = world.relay(), world.consumer()
    assert relay.is_leading()
    relay.step()
    eventually(lambda: consumer.step(wait_seconds=0.02) or world.feed.questions > 0)
    before, seconds = world.feed.questions, time.monotonic()
    consumer.watch["ledger"]._clock = lambda: seconds
    for _ in range(20):
        relay.step()
        consumer.step(wait_seconds=0.1)
        seconds += 0.1  # and not more, however long the step took
    assert world.feed.questions <= before + 1


def test_an_event_of_a_transaction_that_rolls_back_is_never_told(world):
    from shared.bus import announce

    with pytest.raises(ZeroDivisionError), world.source.transaction() as session:
        announce(session, Noted(account="account-0", amount=1))
        raise ZeroDivisionError
    with world.source.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(outbox)) == 0


def test_a_database_put_back_begins_a_new_incarnation(world):
    world.keep_book()
    relay, consumer = world.relay(seconds=0.2), world.consumer()
    assert relay.is_leading()
    for amount in range(3):
        world.write("account-0", amount)
    relay.step()
    eventually(lambda: consumer.step(wait_seconds=0.02) or len(world.noted()) == 3)
    eventually(lambda: len(world.noted()) == 3 or consumer.step(wait_seconds=0.02) is None)
    relay.step()
    with world.source.transaction() as session:  # the backup knew the first event only
        session.execute(sa.delete(outbox).where(outbox.c.number > 1))
        session.execute(sa.text("UPDATE outbox_numbers SET assigned = 1 WHERE assigned > 1"))
    heir = world.relay(seconds=0.2)
    eventually(heir.is_leading)
    world.write("account-0", 10)
    heir.step()
    eventually(lambda: world.noted() == [0, 1, 2, 10] or consumer.step(wait_seconds=0.05) is None)
