"""What RabbitMQ gives up, having brought it too often, is not lost: it is handled in its turn, by itself, or parked."""

import pytest
import sqlalchemy as sa
from kombu import Connection

from shared.bus.amqp import topology
from shared.bus.amqp.messages import pack
from shared.bus.consuming.handling import Handling
from shared.bus.tables import outbox, waiting
from shared.bus.tests.conftest import World
from shared.bus.tests.ledger import Noted
from shared.bus.transport import Entry
from shared.testing import eventually

pytestmark = [
    pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def world(broken_world) -> World:
    return broken_world


def letters(broker) -> int:
    """How many messages the broker has given up and nobody has looked at."""
    with Connection(broker.url) as connection, connection.channel() as channel:
        return channel.queue_declare(topology.dead_queue("reader"), passive=True).message_count


def relay_all(world: World) -> None:
    relay = world.relay()
    assert relay.is_leading()
    while relay.step():
        pass


def test_an_event_that_kills_until_the_broker_gives_up_is_parked_and_its_neighbours_are_handled(
    world, broker, monkeypatch
):
    suspected, suspect = [], Handling.suspect
    monkeypatch.setattr(topology, "DELIVERY_LIMIT", 2)
    monkeypatch.setattr(Handling, "suspect", lambda *told: suspected.append(told[-1]) or suspect(*told))
    world.keep_book()

    @world.handlers.on(Noted)
    def choke(session, event, _envelope):
        if event.amount == 5:
            raise SystemExit("killed")

    step_until(world, lambda: False, steps=3)  # its queues are there before the events are
    for amount in range(10):
        world.write("account-0", amount)
    relay_all(world)
    eventually(lambda: live(world) or is_parked(world))
    assert 6 in suspected  # the number of the one that kills: the broker did give it up
    last = world.consumer(seconds=0.05)
    eventually(lambda: last.step(wait_seconds=0.05) + 1 and len(world.noted()) == 9)
    assert world.noted() == [n for n in range(10) if n != 5]
    eventually(lambda: last.step(wait_seconds=0.05) + 1 and letters(broker) == 0)
    last.transport.close()


def step_until(world: World, is_so, steps: int) -> None:
    consumer = world.consumer(seconds=0.05)
    for _ in range(steps):
        consumer.step(wait_seconds=0.02)
        if is_so():
            break
    consumer.transport.close()


def live(world: World) -> None:
    """One life of a consumer: until the event kills it, which leaves what it had in hand to the broker."""
    consumer = world.consumer(seconds=0.05)
    with pytest.raises(SystemExit):
        for _ in range(200):
            consumer.step(wait_seconds=0.05)
            if is_parked(world):
                raise SystemExit("no more to die of")
    consumer.transport.close()


def is_parked(world: World) -> bool:
    with world.target.reading() as session:
        return set(session.scalars(sa.select(waiting.c.state))) == {"parked"}


def test_a_letter_about_what_is_handled_changes_nothing(world, broker):
    world.keep_book()
    step_until(world, lambda: False, steps=3)
    for amount in range(3):
        world.write("account-0", amount)
    relay_all(world)
    step_until(world, lambda: world.noted() == [0, 1, 2], steps=100)
    assert world.noted() == [0, 1, 2]
    give_up(broker, [*told(world), Entry("stranger", "one", 0, 1, "stranger.noted", "{}")])
    consumer = world.consumer(seconds=0.05)
    eventually(lambda: consumer.step(wait_seconds=0.05) + 1 and letters(broker) == 0)
    consumer.transport.close()
    assert world.noted() == [0, 1, 2]


def told(world: World) -> list[Entry]:
    """The events of the source as they travelled."""
    with world.source.reading() as session:
        columns = outbox.c.partition, outbox.c.number, outbox.c.type, outbox.c.envelope
        return [Entry("ledger", "one", *row) for row in session.execute(sa.select(*columns))]


def give_up(broker, entries: list[Entry]) -> None:
    """Puts a letter where the broker puts it."""
    with Connection(broker.url) as connection, connection.channel() as channel:
        for _source, _partition, body in pack(entries):
            message = channel.prepare_message(
                body, content_encoding="binary", headers={"x-first-death-reason": "delivery_limit"}
            )
            channel.basic_publish(message, topology.DEAD, "reader")
