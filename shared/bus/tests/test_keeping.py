"""Keeping: what everybody has passed goes in the end, what somebody needs never does, and who needs it is named."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from shared import clock
from shared.bus.role import BusRole
from shared.bus.source import keeping, measuring, numbering, retiring
from shared.bus.source.keeping import Limits, holding_back, prune
from shared.bus.tables import consumers, incarnations, outbox
from shared.bus.tests.conftest import World
from shared.testing import eventually

ALL_GOES = Limits(window=timedelta(0))
TIGHT = Limits(max_bytes=4_000)


@pytest.fixture
def ledger(world) -> World:
    """Six events of each of three accounts, numbered and told."""
    relay = world.relay()
    assert relay.is_leading()
    for amount in range(18):
        world.write(f"account-{amount % 3}", amount)
    while relay.step():
        pass
    return world


def report(world: World, consumer: str, up_to: int) -> None:
    with world.source.transaction() as session:
        incarnation = numbering.current_incarnation(session)
        session.execute(sa.delete(consumers).where(consumers.c.consumer == consumer))
        rows = [
            {"consumer": consumer, "partition": p, "incarnation": incarnation, "number": min(up_to, last)}
            | {"reported_at": clock.now()}
            for p, last in numbering.assigned(session).items()
        ]
        session.execute(sa.insert(consumers), rows)


def keep(world: World, limits: Limits) -> int:
    with world.source.transaction() as session:
        return prune(session, limits)


def kept(world: World) -> list[int]:
    """How many rows each partition that has any still keeps."""
    with world.source.reading() as session:
        count = sa.select(sa.func.count(outbox.c.seq)).group_by(outbox.c.partition).order_by(outbox.c.partition)
        return list(session.scalars(count))


def held_back(world: World, limits: Limits) -> list[str]:
    with world.source.reading() as session:
        return [one.consumer for one in holding_back(session, limits)]


def test_what_every_consumer_has_passed_stays_for_the_window(ledger):
    report(ledger, "reader", 6)
    assert keep(ledger, Limits()) == 0
    assert keep(ledger, ALL_GOES) == 18


def test_what_one_consumer_still_needs_stays_beyond_window_and_cap(ledger):
    report(ledger, "quick", 6)
    report(ledger, "slow", 2)
    assert keep(ledger, Limits(window=timedelta(0), max_bytes=1)) == 6
    assert kept(ledger) == [4, 4, 4]


def test_above_the_cap_what_all_have_passed_goes_before_its_time(ledger):
    report(ledger, "reader", 6)
    gone = keep(ledger, TIGHT)
    assert 0 < gone < 18
    with ledger.source.reading() as session:
        assert sum(measuring.size_of(session, measuring.spans(session)).values()) <= TIGHT.max_bytes
    assert keep(ledger, TIGHT) == 0


def test_rows_without_a_number_and_rows_not_told_never_go(ledger):
    report(ledger, "reader", 6)
    ledger.write("account-0", 99)
    with ledger.source.transaction() as session:
        session.execute(sa.update(outbox).where(outbox.c.number == 3).values(is_sent=False))
    assert keep(ledger, ALL_GOES) == 6
    assert sum(kept(ledger)) == 13


def test_what_is_kept_of_a_partition_has_no_hole(ledger):
    """A long transaction's event is older than the one numbered before it."""
    report(ledger, "reader", 6)
    with ledger.source.transaction() as session:
        old = clock.now() - timedelta(days=2)
        session.execute(sa.update(outbox).where(outbox.c.number.in_([1, 3])).values(created_at=old))
    assert keep(ledger, Limits()) == 3
    with ledger.source.reading() as session:
        assert list(session.scalars(sa.select(outbox.c.number).distinct().order_by(outbox.c.number))) == [2, 3, 4, 5, 6]


def test_a_batch_is_bounded_and_the_next_goes_on(ledger, monkeypatch):
    monkeypatch.setattr(keeping, "BATCH", 7)
    report(ledger, "reader", 6)
    assert [keep(ledger, ALL_GOES) for _ in range(4)] == [7, 7, 4, 0]


def test_a_report_of_a_void_number_holds_what_was_given_since(ledger):
    """The database was put back: what a consumer had handled beyond counts for nothing under the new incarnation."""
    report(ledger, "reader", 6)
    with ledger.source.transaction() as session:
        numbering.begin_incarnation(session, dict.fromkeys(range(8), 2))
    assert keep(ledger, ALL_GOES) == 6
    assert kept(ledger) == [4, 4, 4]


def test_a_consumer_holds_back_when_its_oldest_event_is_old_or_the_cap_is_reached(ledger):
    report(ledger, "quick", 6)
    report(ledger, "slow", 2)
    assert held_back(ledger, Limits()) == []
    assert held_back(ledger, Limits(alarm_after=timedelta(0))) == ["slow"]
    assert held_back(ledger, Limits(max_bytes=1)) == ["slow"]


def test_who_holds_back_is_logged_once_and_when_it_ends(ledger, capsys):
    report(ledger, "slow", 2)
    role = BusRole("ledger", ledger.source, ledger.transport, ledger.relay(), ledger.consumer())
    role.limits = Limits(alarm_after=timedelta(0))
    for up_to in (2, 3, 6):
        report(ledger, "slow", up_to)
        role._tell_holding()
    told = [line for line in capsys.readouterr().out.splitlines() if "holds the outbox back" in line]
    assert ["no longer" in line for line in told] == [False, True]


def test_a_retired_consumer_holds_nothing_back(ledger):
    report(ledger, "gone", 0)
    assert keep(ledger, ALL_GOES) == 0
    with ledger.source.transaction() as session:
        assert retiring.retire(session, "gone")
        assert not retiring.retire(session, "never-known")
        assert retiring.retired(session) == ["gone"]
    assert keep(ledger, ALL_GOES) == 18


def test_a_retired_consumer_that_comes_back_is_registered_and_goes_on(ledger, capsys):
    ledger.keep_book()
    consumer = ledger.consumer()
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and len(ledger.noted()) == 18)
    with ledger.source.transaction() as session:
        retiring.retire(session, "reader")
    for watch in consumer.watch.values():
        watch.doubt()
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and reported(ledger) == 8)
    assert len(ledger.noted()) == 18
    assert "a retired consumer is back" in capsys.readouterr().out
    with ledger.source.reading() as session:
        assert retiring.retired(session) == []


def reported(world: World) -> int:
    with world.source.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(consumers))


def test_a_new_consumer_begins_at_the_beginning_of_the_window(ledger):
    ledger.keep_book()
    consumer = ledger.consumer()
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and len(ledger.noted()) == 18)


def test_a_new_consumer_may_begin_now(ledger):
    ledger.keep_book()
    ledger.handlers.start = "now"
    relay, consumer = ledger.relay(), ledger.consumer()
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and reported(ledger) == 8)
    ledger.write("account-0", 99)
    with ledger.source.transaction() as session:
        numbering.give_numbers(session, 10)
    for watch in consumer.watch.values():
        watch.doubt()
    eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and ledger.noted() == [99])
    relay.leases.release()


def test_incarnations_are_forgotten_in_the_end_but_none_that_a_report_names(ledger, monkeypatch):
    monkeypatch.setattr(keeping, "KEPT_INCARNATIONS", 2)
    with ledger.source.transaction() as session:
        for _ in range(3):
            numbering.begin_incarnation(session)
    report(ledger, "reader", 6)
    with ledger.source.transaction() as session:
        for _ in range(3):
            numbering.begin_incarnation(session)
    keep(ledger, Limits())
    assert known(ledger) == 4  # from the one that the report names on
    report(ledger, "reader", 6)
    keep(ledger, Limits())
    assert known(ledger) == 2


def known(world: World) -> int:
    with world.source.reading() as session:
        return session.scalar(sa.select(sa.func.count(sa.distinct(incarnations.c.incarnation))))
