"""A consumer that was down catches up over the feed: without pausing, and holding little of it at a time."""

import sqlalchemy as sa

from shared.bus import announce_all
from shared.bus.redis_streams import StreamReader
from shared.bus.source.answering import ANSWER_BYTES, read_feed
from shared.bus.tests.conftest import World, book
from shared.bus.tests.ledger import Noted
from shared.testing import eventually


def write_many(world: World, account: str, amounts: range) -> None:
    with world.source.transaction() as session:
        announce_all(session, [Noted(account=account, amount=amount) for amount in amounts])


def relay_all(world: World) -> None:
    relay = world.relay()
    assert relay.is_leading()
    while relay.step():
        pass


def test_a_consumer_that_is_behind_does_not_wait_for_the_broker(world, monkeypatch):
    waits, read = [], StreamReader.read
    monkeypatch.setattr(
        StreamReader,
        "read",
        lambda self, *, wait_seconds, count: waits.append(wait_seconds) or read(self, wait_seconds=0.0, count=count),
    )
    world.keep_book()
    write_many(world, "account-0", range(2_000))
    relay_all(world)  # before the consumer's reader stands at the end of the streams
    consumer, handled = world.consumer(), 0
    while handled < 2_000:
        handled += consumer.step(wait_seconds=60.0)
    assert set(waits) == {0.0}
    assert world.noted() == list(range(2_000))


def test_an_answer_ends_early_where_envelopes_are_large(world):
    size, account = 300_000, "x" * 300_000
    write_many(world, account, range(40))
    relay_all(world)
    with world.source.reading() as session:
        answer = read_feed(session, "ledger", None, {})
    assert ANSWER_BYTES // size // 4 <= len(answer.entries) <= ANSWER_BYTES // size + 1


def test_an_envelope_larger_than_an_answer_is_answered_all_the_same(world):
    write_many(world, "x" * (ANSWER_BYTES + 1), range(2))
    relay_all(world)
    with world.source.reading() as session:
        answer = read_feed(session, "ledger", None, {})
    assert [entry.number for entry in answer.entries] == [1]


def test_large_events_all_arrive_in_order(world):
    @world.handlers.on(Noted)
    def note(session, event, _envelope):
        session.execute(sa.insert(book).values(account="large", amount=event.amount))

    write_many(world, "x" * 900_000, range(12))
    relay_all(world)
    consumer = world.consumer()
    eventually(lambda: consumer.step(wait_seconds=0.05) < 0 or len(world.noted()) == 12)
    assert world.noted() == list(range(12))
