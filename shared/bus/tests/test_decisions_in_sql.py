"""Where SQL decides, for speed, it decides as the pure function does: on rows of any kind, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import clock
from shared.bus import tables
from shared.bus.consuming import waiting
from shared.bus.consuming.cursors import Cursor
from shared.bus.consuming.places import PositionMoved
from shared.bus.consuming.positions import Position
from shared.bus.decisions import following, numbers, queueing, replaying, retention, tenure
from shared.bus.leases import Leases
from shared.bus.source import keeping, numbering
from shared.database import Database, migrator

NOW = datetime(2024, 2, 29, 12, tzinfo=UTC)
WINDOW = timedelta(hours=1)
PARTITIONS = 3
REPLAY = "01890000-0000-7000-8000-000000000000"

quick = settings(deadline=None, max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck))
partitions, moments = st.integers(0, PARTITIONS - 1), st.integers(-90, 30).map(lambda m: NOW + timedelta(minutes=m))
incarnations = st.sampled_from(["i1", "i2"])
assigned = st.fixed_dictionaries({partition: st.integers(0, 5) for partition in range(PARTITIONS)})

reports_of_two = st.dictionaries(
    st.tuples(st.sampled_from("xy"), partitions), st.tuples(incarnations, st.integers(0, 6))
)


@pytest.fixture
def database(database_url) -> Iterator[Database]:
    database = Database().connect(database_url)
    migrator.upgrade(database)
    yield database
    database.dispose()


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@st.composite
def outboxes(draw) -> list[dict]:
    """Rows with any sequence numbers, numbered densely as far as they are."""
    rows, last = [], dict.fromkeys(range(PARTITIONS), 0)
    for seq in sorted(draw(st.sets(st.integers(1, 60), max_size=14))):
        partition, is_numbered = draw(partitions), draw(st.booleans())
        last[partition] += is_numbered
        number = last[partition] if is_numbered else None
        rows.append(row_of(seq, partition, number, draw(st.booleans()), draw(moments)))
    return rows


def row_of(seq: int, partition: int, number: int | None, is_sent: bool, created_at: datetime) -> dict:
    return {
        "seq": seq, "event_id": f"01890000-0000-7000-8000-{seq:012}", "type": "t", "trace_id": "t", "envelope": "{}",
        "partition": partition, "number": number, "is_sent": is_sent, "created_at": created_at,
    }  # fmt: skip


def fill(database: Database, table: sa.Table, rows: list[dict]) -> None:
    """These rows and no others."""
    with database.transaction() as session:
        session.execute(sa.delete(table))
        if rows:
            session.execute(sa.insert(table), rows)


def fill_source(database: Database, rows: list[dict], last: dict[int, int]) -> None:
    fill(database, tables.outbox, rows)
    fill(database, tables.outbox_numbers, [{"partition": p, "assigned": n} for p, n in last.items()])


def last_of(rows: list[dict]) -> dict[int, int]:
    """The last number given in each partition."""
    return {p: max((row["number"] or 0 for row in rows if row["partition"] == p), default=0) for p in range(PARTITIONS)}


@quick
@given(outboxes(), st.integers(1, 8))
def test_numbers_are_given_as_the_function_gives_them(database, rows, count):
    last = last_of(rows)
    fill_source(database, rows, last)
    given_numbers, after = numbers.give([(r["seq"], r["partition"]) for r in rows if r["number"] is None], last, count)
    with database.transaction() as session:
        assert numbering.give_numbers(session, count) == len(given_numbers)
        found = dict(session.execute(sa.select(tables.outbox.c.seq, tables.outbox.c.number)).all())
        assert numbering.assigned(session) == after
    assert found == {row["seq"]: row["number"] for row in rows} | given_numbers


@quick
@given(outboxes(), st.integers(1, 8))
def test_rows_are_sent_in_the_function_s_order(database, rows, count):
    fill_source(database, rows, last_of(rows))
    unsent = [(r["partition"], r["number"], r["seq"]) for r in rows if r["number"] and not r["is_sent"]]
    with database.transaction() as session:
        found = [seq for seq, _ in numbering.unsent(session, "ledger", "i1", count)]
    assert found == numbers.to_send(unsent, count)


@quick
@given(outboxes(), reports_of_two, assigned)
def test_rows_go_as_the_function_says(database, rows, reports, base):
    fill_source(database, rows, last_of(rows))
    history = [(1, "i1", dict.fromkeys(base, 0)), (2, "i2", base)]
    fill(database, tables.incarnations, [
        {"ordinal": ordinal, "incarnation": name, "partition": p, "base": number}
        for ordinal, name, bases in history for p, number in bases.items()
    ])  # fmt: skip
    fill(database, tables.consumers, [
        {"consumer": name, "partition": p, "incarnation": incarnation, "number": number, "reported_at": NOW}
        for (name, p), (incarnation, number) in reports.items()
    ])  # fmt: skip
    passed = retention.passed([(p, *report) for (_, p), report in reports.items()], {"i1": base, "i2": {}})
    going = {
        p: retention.going(
            [(r["number"], r["is_sent"], r["created_at"], 1) for r in rows if r["number"] and r["partition"] == p],
            before=NOW - WINDOW, passed=passed.get(p), excess=0,
        )[0] or 0 for p in range(PARTITIONS)
    }  # fmt: skip
    kept = {r["seq"] for r in rows if r["number"] is None or r["number"] > going[r["partition"]]}
    with database.transaction() as session:
        keeping.prune(session, keeping.Limits(window=WINDOW))
        assert set(session.scalars(sa.select(tables.outbox.c.seq))) == kept


@quick
@given(st.tuples(incarnations, st.integers(0, 3)), st.tuples(incarnations, st.integers(0, 3)))
def test_a_position_moves_when_the_function_lets_it(database, stored, expected):
    row = {"source": "ledger", "partition": 0, "incarnation": stored[0], "number": stored[1], "attempts": 0}
    fill(database, tables.positions, [row])
    try:
        with database.transaction() as session:
            Position("ledger", 0, *expected).move(session, 9, 1)
        is_moved = True
    except PositionMoved:
        is_moved = False
    assert is_moved == following.may_move(stored, expected)


@quick
@given(st.tuples(incarnations, st.integers(0, 3)), st.tuples(incarnations, st.integers(0, 3)))
def test_a_replay_s_cursor_moves_when_the_function_lets_it(database, stored, expected):
    row = {"replay": REPLAY, "partition": 0, "incarnation": stored[0], "number": stored[1], "last": 9}
    fill(database, tables.replay_cursors, [row | {"attempts": 0, "handled": 0, "missed": 0}])
    try:
        with database.transaction() as session:
            Cursor(REPLAY, None, 0, *expected, 9, 0).move(session, 9, 1)
        is_moved = True
    except PositionMoved:
        is_moved = False
    assert is_moved == replaying.may_move(stored, expected)


@quick
@given(st.lists(st.tuples(st.sampled_from(["note", "count"]), st.sampled_from("kl"), moments,
                          st.sampled_from(["waiting", "waiting", "parked"])), max_size=12))  # fmt: skip
def test_waiting_events_are_tried_as_the_function_says(database, held):
    rows = [
        {"id": id_, "handler": handler, "key": key, "partition": 0, "state": state, "attempts": 1, "run_at": at,
         "envelope": "{}", "created_at": NOW}
        for id_, (handler, key, at, state) in enumerate(held, start=1)
    ]  # fmt: skip
    fill(database, tables.waiting, rows)
    with database.transaction() as session:
        found = [row.id for row in waiting.due(session, {0})]
    is_waiting = [(r["id"], r["handler"], r["key"], r["run_at"]) for r in rows if r["state"] == "waiting"]
    assert found == queueing.due(is_waiting, NOW)


@quick
@given(st.sampled_from(["me", "another"]), moments, st.integers(1, 3))
def test_a_lease_is_taken_and_checked_as_the_functions_say(database, holder, until, generation):
    fill(database, tables.leases, [{"name": "relay", "owner": holder, "generation": 2, "lease_until": until}])
    leases = Leases(database, "me")
    with database.transaction() as session:
        assert leases.check(session, "relay", generation) == tenure.is_mine((holder, 2), ("me", generation))
        session.rollback()
    is_taken = tenure.may_take(holder=holder, until=until, me="me", now=NOW)
    held = {"relay": 2 + is_taken} if is_taken or holder == "me" else {}
    assert leases.hold(["relay"]) == held
