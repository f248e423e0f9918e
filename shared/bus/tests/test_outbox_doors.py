"""The operator's doors to an outbox: lists, one event, the tail."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from shared import clock, trace
from shared.bus import announce
from shared.bus.admin.errors import EventNotFound
from shared.bus.source import history, numbering
from shared.bus.tables import outbox
from shared.bus.tests.desk import Desk
from shared.events.auth import EmailVerified, UserRegistered
from shared.ids import new_id
from shared.testing.clocks import standing
from shared.testing.identity import assert_problem
from shared.web import InvalidCursor, encode_cursor
from shared.web.errors import InvalidQuery

SEALED = "1.c2VhbGVk"


@pytest.fixture
def desk(world) -> Desk:
    desk = Desk(world.source)
    yield desk
    desk.database.dispose()


@pytest.fixture
def relay(world):
    relay = world.relay()
    assert relay.is_leading()
    return relay


def registered(world) -> str:
    """An event with a sealed field; its id."""
    with world.source.transaction() as session:
        announce(session, UserRegistered(user_id="ada", email="ada@example.com", verification_token=SEALED))
        return session.scalar(sa.select(outbox.c.event_id).order_by(outbox.c.seq.desc()).limit(1))


def test_pages_hold_every_event_once_newest_first(world, desk):
    for amount in range(10):
        world.write(f"account-{amount % 3}", amount)
    pages = desk.pages("events", limit=3)
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    listed = list(itertools.chain(*pages))
    assert [one["key"] for one in listed] == [f"accounts/account-{n % 3}" for n in reversed(range(10))]
    assert len({one["id"] for one in listed}) == 10
    assert not any("data" in one for one in listed)


def test_events_are_found_by_type_key_trace_and_time(world, desk):
    with trace.begin() as step:
        world.write("account-0", 1)
    world.write("account-10", 2)
    registered(world)

    def found(**query) -> list[str]:
        return [one["subject"] for page in desk.pages("events", **query) for one in page]

    assert found(type="auth.user_registered") == ["users/ada"]
    assert found(key="accounts/account-1") == []
    assert found(key="accounts/account-10") == ["accounts/account-10"]
    assert found(trace_id=step.trace_id) == ["accounts/account-0"]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert found(since=later) == []
    assert len(found(until=later)) == 3


@pytest.mark.parametrize(
    "instant", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-14T12:00:00"]
)
@pytest.mark.parametrize("bound", ["since", "until"])
def test_a_time_that_can_not_be_reckoned_with_is_refused(desk, bound, instant):
    assert_problem(desk.send("GET", "events", query_string={bound: instant}), InvalidQuery)


def test_a_page_looks_through_a_bounded_number_of_rows_and_goes_on(world, desk, monkeypatch):
    monkeypatch.setattr(history, "SCANNED", 4)
    world.write("account-0", 0)
    for amount in range(9):
        world.write("account-1", amount)
    pages = desk.pages("events", key="accounts/account-0")
    assert [len(page) for page in pages] == [0, 0, 1]


def test_the_first_event_since_an_instant_is_found_among_gaps(world):
    began = datetime(2026, 1, 1, tzinfo=UTC)
    for minute in range(20):
        with clock.told_by(lambda minute=minute: began + timedelta(minutes=minute)):
            world.write("account-0", minute)
    with world.source.transaction() as session:
        session.execute(sa.delete(outbox).where(outbox.c.seq.in_([3, 4, 5, 11])))
    with world.source.reading() as session:
        rows = session.execute(sa.select(outbox.c.seq, outbox.c.created_at).order_by(outbox.c.seq)).all()
        for seconds in range(-60, 21 * 60, 30):
            instant = began + timedelta(seconds=seconds)
            first = history.first_since(session, instant)
            assert [row for row in rows if row.seq >= first] == [row for row in rows if row.created_at >= instant]


def test_one_event_is_shown_with_its_data_but_no_secret(world, desk, capsys):
    event_id = registered(world)
    shown = desk.ask("GET", f"events/{event_id}")
    assert shown["data"] == {"user_id": "ada", "email": "ada@example.com", "verification_token": "[redacted]"}
    line = next(line for line in capsys.readouterr().out.splitlines() if '"event shown"' in line)
    assert event_id in line
    assert '"by":"users/' in line
    assert "ada@example.com" not in line


def test_an_event_that_nobody_announced_here_is_not_found(world, desk):
    registered(world)
    assert_problem(desk.send("GET", f"events/{new_id()}"), EventNotFound)
    assert_problem(desk.send("GET", "events/00000000-0000-4000-8000-000000000000"), EventNotFound)


def test_an_event_from_outside_is_found_however_old_its_id_is(world):
    with standing(later=timedelta(days=60)):  # taken long after its id was made
        event_id = registered(world)
    carrier, other = (Desk(world.source, service=name) for name in ("realtime", "data"))
    assert carrier.ask("GET", f"events/{event_id}")["id"] == event_id
    assert_problem(other.send("GET", f"events/{event_id}"), EventNotFound)
    for desk in (carrier, other):
        desk.database.dispose()


def follow(desk, cursor: str | None, **query) -> tuple[list[tuple[int, int]], str]:
    """What a tail gives until there is no more, by partition and number, and its cursor."""
    got = []
    while True:
        answer = desk.ask("GET", "events/tail", query_string=query | ({"cursor": cursor} if cursor else {}))
        got += [(one["partition"], one["number"]) for one in answer["items"]]
        cursor = answer["cursor"]
        if not answer["is_more"]:
            return got, cursor


def test_a_tail_gives_every_event_once_in_any_portions(world, desk, relay):
    got, cursor = follow(desk, None)
    amounts = iter(range(100))
    for portion in (1, 5, 0, 17, 30):
        for amount in itertools.islice(amounts, portion):
            world.write(f"account-{amount}", amount)
        relay.step()
        more, cursor = follow(desk, cursor, limit=10)
        got += more
    with world.source.reading() as session:
        kept = [tuple(row) for row in session.execute(sa.select(outbox.c.partition, outbox.c.number))]
    assert len(kept) == 53
    assert sorted(got) == sorted(kept)


def test_a_tail_begins_a_few_events_back(world, desk, relay):
    for amount in range(10):
        world.write("account-0", amount)
    relay.step()
    got, _ = follow(desk, None, back=3)
    assert [number for _, number in got] == [8, 9, 10]


def test_a_tail_of_one_type_passes_the_others_over(world, desk, relay):
    _, cursor = follow(desk, None)
    world.write("account-0", 1)
    with world.source.transaction() as session:
        announce(session, EmailVerified(user_id="ada"))
    relay.step()
    answer = desk.ask("GET", "events/tail", query_string={"cursor": cursor, "type": "auth.email_verified"})
    assert [one["subject"] for one in answer["items"]] == ["users/ada"]
    assert follow(desk, answer["cursor"])[0] == []


def test_a_tail_goes_on_where_the_database_was_put_back_to_a_backup(world, desk):
    first = world.relay(seconds=0.05)
    assert first.is_leading()
    for amount in range(3):
        world.write("account-0", amount)
    first.step()
    got, cursor = follow(desk, None, back=10)
    assert [number for _, number in got] == [1, 2, 3]
    with world.source.transaction() as session:
        session.execute(sa.delete(outbox).where(outbox.c.number > 1))
        session.execute(sa.text("UPDATE outbox_numbers SET assigned = 1 WHERE assigned > 1"))
        numbering.begin_incarnation(session)
    world.write("account-0", 10)
    with world.source.transaction() as session:
        numbering.give_numbers(session, 10)
    assert [number for _, number in follow(desk, cursor)[0]] == [2]


def test_a_tail_of_an_incarnation_that_nobody_knows_goes_on_from_now_and_says_so(world, desk, relay):
    world.write("account-0", 1)
    relay.step()
    answer = desk.ask("GET", "events/tail", query_string={"cursor": encode_cursor("f" * 32, {"0": 5})})
    assert (answer["items"], answer["is_lost"]) == ([], True)
    world.write("account-0", 2)
    relay.step()
    assert [number for _, number in follow(desk, answer["cursor"])[0]] == [2]


def test_a_tail_that_began_before_the_first_number_leaves_nothing_out(world, desk):
    got, cursor = follow(desk, None)
    assert got == []
    relay = world.relay()
    assert relay.is_leading()
    world.write("account-0", 1)
    relay.step()
    assert [number for _, number in follow(desk, cursor)[0]] == [1]


@pytest.mark.parametrize("cursor", ["nonsense", "WyJhIiwxXQ", "WyJhIix7IngiOjF9XQ", "WyJhIix7IjEiOi0xfV0"])
def test_a_cursor_that_no_tail_gave_is_refused(desk, cursor):
    assert_problem(desk.send("GET", "events/tail", query_string={"cursor": cursor}), InvalidCursor)
