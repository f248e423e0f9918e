"""Replays: a range again for one service, each event once, in order per key, beside what is new."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from shared import clock
from shared.bus import replaying
from shared.bus.source import numbering
from shared.bus.tables import outbox, replay_cursors, replays, waiting
from shared.bus.tests.conftest import World, book
from shared.bus.tests.ledger import Noted
from shared.bus.tests.test_killed_processes import start
from shared.testing import eventually


def begin(world: World, **range_) -> str:
    with world.target.transaction() as session:
        return replaying.begin(session, source="ledger", **range_)


def progress(world: World) -> list[dict]:
    with world.target.reading() as session:
        return replaying.progress(session)


def is_done(world: World) -> bool:
    return all(one["state"] == "done" for one in progress(world))


def write(world: World, count: int, first: int = 0) -> None:
    for amount in range(first, first + count):
        world.write(f"account-{amount % 3}", amount)


def of_account(account: int, amounts) -> list[int]:
    return [amount for amount in amounts if amount % 3 == account]


def assert_again(world: World, count: int) -> None:
    for account in range(3):
        assert world.noted(f"account-{account}") == of_account(account, range(count)) * 2


def handle_all(world: World, count: int):
    """Relay and consumer stepped by hand until everything has been handled; both of them."""
    relay, consumer = world.relay(seconds=0.3), world.consumer(seconds=0.3)
    assert relay.is_leading()
    write(world, count)
    while relay.step():
        pass
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and len(world.noted()) == count)
    return relay, consumer


def test_a_replay_has_each_event_handled_again_once_and_in_order(world, running):
    world.keep_book()
    running(world.relay(), world.consumer())
    write(world, 60)
    eventually(lambda: len(world.noted()) == 60)
    begin(world)
    eventually(lambda: is_done(world))
    assert_again(world, 60)
    assert [(one["handled"], one["missed"]) for one in progress(world)] == [(60, 0)]


def test_handlers_see_which_replay_brings_an_event_again(world, running):
    seen = []

    @world.handlers.on(Noted)
    def look(_session, _event, envelope):
        seen.append(envelope.replay)

    running(world.relay(), world.consumer())
    write(world, 2)
    eventually(lambda: seen == [None, None])
    replay = begin(world)
    eventually(lambda: seen == [None, None, replay, replay])


def test_two_consumers_at_once_replay_nothing_twice(world, running):
    world.keep_book()
    running(world.relay(), world.consumer(seconds=0.2), world.consumer(seconds=0.2))
    write(world, 90)
    eventually(lambda: len(world.noted()) == 90)
    begin(world)
    begin(world)
    eventually(lambda: is_done(world))
    assert len(world.noted()) == 270
    for account in range(3):
        assert sorted(world.noted(f"account-{account}")) == sorted(of_account(account, range(90)) * 3)


@pytest.mark.parametrize("step", ["number moved, no effect yet", "effect made, not committed"])
def test_a_consumer_killed_in_mid_replay_replays_nothing_twice(world, step):
    world.keep_book()
    handle_all(world, 30)
    begin(world)
    assert start(world, step).wait(400) == -9
    heir = start(world, "")
    try:
        eventually(lambda: is_done(world), within=400)
    finally:
        heir.kill()
        heir.wait(60)
    assert_again(world, 30)


def test_only_the_wanted_types_times_and_handler_are_replayed(world, running):
    world.keep_book()
    others = []

    @world.handlers.on(Noted)
    def other(_session, event, _envelope):
        others.append(event.amount)

    running(world.relay(), world.consumer())
    write(world, 3)
    eventually(lambda: len(world.noted()) == 3)
    middle = clock.now()
    write(world, 3, first=3)
    eventually(lambda: len(world.noted()) == 6)
    begin(world, types=["ledger.noted"], since=middle, handler="note")
    begin(world, until=middle, handler="other")
    eventually(lambda: is_done(world))
    assert sorted(world.noted()) == [0, 1, 2, 3, 3, 4, 4, 5, 5]
    assert sorted(others) == [0, 0, 1, 1, 2, 2, 3, 4, 5]


def test_a_range_that_nobody_here_handles_fails_and_says_so(world, running):
    world.keep_book()
    running(world.relay(), world.consumer())
    begin(world, types=["ledger.erased"])
    begin(world, handler="gone")
    eventually(lambda: [one["state"] for one in progress(world)] == ["failed", "failed"])
    assert progress(world)[0]["last_error"] == "nothing here handles such events"


def test_what_ended_long_ago_is_forgotten_when_the_next_begins(world):
    old, new = begin(world), begin(world)
    long_ago = clock.now() - replaying.REMEMBERED - timedelta(days=1)
    with world.target.transaction() as session:
        replaying.finish(session, old)
        replaying.finish(session, new)
        session.execute(sa.update(replays).where(replays.c.id == old).values(finished_at=long_ago))
    latest = begin(world)
    assert [one["id"] for one in progress(world)] == [latest, new]


def test_a_range_can_not_end_before_it_begins(world):
    with pytest.raises(ValueError, match="before it begins"):
        begin(world, since=clock.now(), until=clock.now() - timedelta(hours=1))


def test_a_handler_that_raises_in_a_replay_waits_like_any(world, running):
    failures = iter([True, True])
    seen, is_replayed = [], threading.Event()

    @world.handlers.on(Noted)
    def stumble(_session, event, envelope):
        if envelope.replay and event.amount == 0 and next(failures, False):
            is_replayed.set()
            raise RuntimeError("not yet")
        seen.append((event.amount, envelope.replay))

    running(world.relay(), world.consumer())
    write(world, 7)
    eventually(lambda: len(seen) == 7)
    replay = begin(world)
    assert is_replayed.wait(60)
    eventually(lambda: len(seen) == 14)
    again = [amount for amount, by in seen if by == replay]
    assert of_account(0, again) == [0, 3, 6]
    assert of_account(1, again) == [1, 4]


def test_what_waits_in_a_replay_is_kept_under_its_id(world):
    @world.handlers.on(Noted)
    def choke(_session, _event, envelope):
        if envelope.replay:
            raise RuntimeError("never")

    relay, consumer = world.relay(), world.consumer()
    assert relay.is_leading()
    write(world, 1)
    relay.step()

    def handled() -> int:
        with world.target.reading() as session:
            return sum(session.scalars(sa.text("SELECT number FROM positions")))

    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and handled() == 1)
    replay = begin(world)
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and is_done(world))
    with world.target.reading() as session:
        assert list(session.scalars(sa.select(waiting.c.replay))) == [replay]


def test_a_replay_waits_for_a_source_that_is_down(world):
    world.keep_book()
    relay, consumer = handle_all(world, 9)
    world.feed.is_down = True
    begin(world)
    for _ in range(5):
        relay.step()
        consumer.step(wait_seconds=0.01)
    assert (len(world.noted()), is_done(world)) == (9, False)
    world.feed.is_down = False
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and is_done(world))
    assert_again(world, 9)


def test_new_events_are_not_held_up_by_a_long_replay(world, monkeypatch):
    monkeypatch.setattr("shared.bus.consuming.replays.BATCH", 8)
    world.keep_book()
    relay, consumer = handle_all(world, 90)
    begin(world)
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and len(world.noted()) > 90)
    world.write("account-0", 1_000)
    relay.is_leading()
    relay.step()
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and 1_000 in world.noted())
    assert not is_done(world)
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and is_done(world))
    assert sorted(world.noted()) == sorted([*range(90), *range(90), 1_000])


def test_a_replay_goes_on_under_a_new_incarnation(world, monkeypatch):
    monkeypatch.setattr("shared.bus.consuming.replays.BATCH", 8)
    world.keep_book()
    _, consumer = handle_all(world, 30)
    begin(world)
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and len(world.noted()) > 30)
    with world.source.transaction() as session:
        numbering.begin_incarnation(session)
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and is_done(world))
    assert_again(world, 30)


def replay_a_bit(consumer) -> None:
    """One round of its replays, and of nothing else."""
    consumer.replays.begin()
    consumer.replays.step(consumer._held, consumer._positions)


def incarnations_of_cursors(world: World) -> set[str]:
    with world.target.reading() as session:
        return set(session.scalars(sa.select(replay_cursors.c.incarnation)))


def test_a_replay_does_not_go_ahead_of_its_service_into_a_new_incarnation(world, monkeypatch):
    """It could not find back from there if the source were put back to before it."""
    monkeypatch.setattr("shared.bus.consuming.replays.BATCH", 3)
    world.keep_book()
    _, consumer = handle_all(world, 30)
    begin(world)
    replay_a_bit(consumer)
    before = incarnations_of_cursors(world)
    eventually(world.relay(seconds=0.3).is_leading)
    replay_a_bit(consumer)
    assert incarnations_of_cursors(world) == before
    assert len(before) == 1
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and is_done(world))
    assert incarnations_of_cursors(world) > before  # those that were over stay where they ended
    assert_again(world, 30)


def test_a_replay_from_where_nothing_leads_back_fails_and_says_so(world, monkeypatch):
    monkeypatch.setattr("shared.bus.consuming.replays.BATCH", 3)
    world.keep_book()
    _, consumer = handle_all(world, 30)
    begin(world)
    replay_a_bit(consumer)
    with world.target.transaction() as session:
        session.execute(sa.update(replay_cursors).values(incarnation="nobody-knows"))
    replay_a_bit(consumer)
    (failed,) = progress(world)
    assert (failed["state"], "put back" in failed["last_error"]) == ("failed", True)


def test_what_the_window_no_longer_holds_is_counted_as_missed(world, monkeypatch):
    monkeypatch.setattr("shared.bus.consuming.replays.BATCH", 1)
    world.keep_book()
    with world.source.transaction() as session:
        numbering.prepare(session, 8)
    _, consumer = handle_all(world, 30)
    begin(world)
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and len(world.noted()) > 30)
    with world.source.transaction() as session:
        session.execute(sa.delete(outbox).where(outbox.c.number <= 5))
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and is_done(world))
    [told] = progress(world)
    assert told["handled"] + told["missed"] == 30
    assert told["missed"] > 0


def test_a_replay_moves_past_what_does_not_match(world, monkeypatch):
    monkeypatch.setattr("shared.bus.decisions.replaying.SPAN", 2)
    world.keep_book()
    _, consumer = handle_all(world, 30)
    begin(world, since=clock.now() - timedelta(hours=2), until=clock.now() - timedelta(hours=1))
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and is_done(world))
    with world.target.reading() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(book)).scalar() == 30
        open_ = sa.select(replay_cursors).where(replay_cursors.c.number < replay_cursors.c.last)
        assert session.execute(open_).all() == []


def test_a_replay_up_to_now_does_not_ask_the_source_s_clock(world):
    world.keep_book()
    _, consumer = handle_all(world, 6)
    with world.source.transaction() as session:
        session.execute(sa.update(outbox).values(created_at=clock.now() + timedelta(minutes=1)))
    begin(world)
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and is_done(world))
    assert_again(world, 6)
