"""How a bus stands: the numbers that status, metrics and alarms share, counted against what really happened."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from shared import clock
from shared.bus.admin import status as door
from shared.bus.alarms import CODES, alarms
from shared.bus.metrics import families
from shared.bus.source.keeping import HoldingBack
from shared.bus.status import (
    BusStatus,
    CommandStatus,
    ConsumerStatus,
    HeldStatus,
    MissedStatus,
    OutboxStatus,
    RelayStatus,
    read_status,
)
from shared.bus.tables import outbox, waiting
from shared.bus.tests.desk import Desk
from shared.bus.tests.ledger import Noted
from shared.testing import eventually

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


def status_of(database):
    with database.reading() as session:
        return read_status(session, "ledger")


def ago(**time) -> datetime:
    return NOW - timedelta(**time)


def test_a_service_that_has_never_relayed_says_so(world):
    status = status_of(world.source)
    assert (status.relay.leader, status.outbox.rows, status.consumers) == (None, 0, [])
    assert [one.code for one in alarms(status)] == ["nobody_leads"]


def test_the_numbers_are_those_of_the_tables(world, standing_clock):
    world.keep_book()
    relay, consumer = world.relay(), world.consumer()
    assert relay.is_leading()
    for amount in range(7):
        world.write("account-0", amount)
    relay.step()
    eventually(lambda: consumer.step(wait_seconds=0.02) >= 0 and len(world.noted()) == 7)
    for amount in range(5):
        world.write("account-0", amount)
    status = status_of(world.source)
    assert (status.outbox.rows, status.outbox.unnumbered, status.outbox.unsent) == (12, 5, 12)
    relay.step()
    relay.step()
    status = status_of(world.source)
    assert (status.outbox.rows, status.outbox.unnumbered, status.outbox.unsent) == (12, 0, 0)
    (partition,) = [partition for partition, number in status.given.items() if number]
    assert status.given[partition] == 12
    (behind,) = [one for one in status.consumers if one.partition == partition]
    assert (behind.consumer, behind.lag) == ("reader", 12 - behind.number)
    with world.source.reading() as session:
        following = sa.select(outbox.c.created_at).where(outbox.c.number == behind.number + 1)
        assert behind.oldest_unhandled_at == session.scalar(following)
    (handled,) = [one for one in status_of(world.target).positions if one.partition == partition]
    assert (handled.source, handled.number) == ("ledger", 7)
    assert status.relay.leader
    assert alarms(status) == []


def test_rows_are_those_that_keeping_has_left(world):
    relay = world.relay()
    assert relay.is_leading()
    for amount in range(6):
        world.write("account-0", amount)
    relay.step()
    with world.source.transaction() as session:
        session.execute(sa.delete(outbox).where(outbox.c.number <= 4))
    assert status_of(world.source).outbox.rows == 2


def test_events_that_the_broker_was_not_told_are_counted_with_the_age_of_the_oldest(fragile_world):
    world = fragile_world
    relay = world.relay()
    assert relay.is_leading()
    began = clock.now()
    world.write("account-0", 1)
    world.write("account-1", 1)
    relay.step()  # numbered, told, not yet noted as told
    unsent = status_of(world.source).outbox
    assert (unsent.unnumbered, unsent.unsent) == (0, 2)
    assert began <= unsent.oldest_unsent_at <= clock.now()


def test_what_a_handler_could_not_take_is_counted_by_state(world, standing_clock):
    @world.handlers.on(Noted)
    def choke(session, event, _envelope):
        raise ValueError("never")

    relay, consumer = world.relay(), world.consumer()
    assert relay.is_leading()
    for account in range(3):
        world.write(f"account-{account}", account)
    relay.step()
    eventually(lambda: consumer.step(wait_seconds=0.02) >= 0 and waiting_in(world.target) == [3])
    with world.target.transaction() as session:
        session.execute(sa.update(waiting).where(waiting.c.id == 1).values(state="parked"))
    (held,) = status_of(world.target).held
    assert (held.handler, held.waiting, held.parked) == ("choke", 2, 1)
    assert held.oldest_parked_at < held.oldest_waiting_at


def waiting_in(database) -> list[int]:
    """How many events wait for each handler."""
    return [one.waiting for one in status_of(database).held]


def test_no_number_of_the_status_reads_a_million_rows(world):
    """On SQLite's own word: an outbox is searched, or read from an end, or by the small index of what is not told."""
    if world.source.dialect != "sqlite":
        pytest.skip("PostgreSQL plans by the size of the tables, which are empty here")
    relay = world.relay()
    assert relay.is_leading()
    world.write("account-0", 1)
    asked = []
    listen = world.source.engine, "before_cursor_execute", lambda *call: asked.append(call[2:4])
    sa.event.listen(*listen)
    status_of(world.source)
    sa.event.remove(*listen)
    with world.source.engine.connect() as connection:
        plans = [(text, connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", told).all()) for text, told in asked]
    scans = [(text, step.detail) for text, steps in plans for step in steps if step.detail.startswith("SCAN outbox ")]
    small = ("ix_outbox_unnumbered", "ix_outbox_unsent")
    assert len(plans) > 15
    assert [(text, scan) for text, scan in scans if not scan.endswith(small)] == []


def healthy(**changed) -> BusStatus:
    """A status that raises no alarm, some of it changed."""
    fine = {
        "service": "ledger",
        "at": NOW,
        "relay": RelayStatus("here", 1, "a"),
        "outbox": OutboxStatus(10, 0, 1, ago(seconds=1), ago(hours=24), 9_000),
        "given": {0: 10},
        "consumers": [ConsumerStatus("reader", 0, 10, 10, 0, None, ago(seconds=40))],
        "positions": [],
        "held": [HeldStatus("choke", 1, 0, ago(seconds=5), None)],
        "commands": [CommandStatus("mail.deliver", 5, 1, 1, ago(seconds=40))],
        "holding": [],
        "missed": [MissedStatus("auth", 0, 2, 5, ago(days=2))],
    }
    return BusStatus(**fine | changed)


def consumer(oldest, reported) -> list[ConsumerStatus]:
    return [ConsumerStatus("reader", 0, 4, 10, 6, oldest, reported)]


@pytest.mark.parametrize(
    ("changed", "code", "about"),
    [
        ({"relay": RelayStatus(None, 1, "a")}, "nobody_leads", "ledger"),
        ({"outbox": OutboxStatus(9, 0, 3, ago(minutes=2), ago(hours=1), 9_000)}, "broker_silent", "ledger"),
        ({"consumers": consumer(ago(hours=1), ago(minutes=6))}, "consumer_silent", "reader"),
        ({"consumers": consumer(ago(minutes=2), ago(seconds=2))}, "consumer_behind", "reader"),
        ({"holding": [HoldingBack("reader", 6, ago(hours=1), False)]}, "outbox_held_back", "reader"),
        ({"missed": [MissedStatus("auth", 0, 2, 5, ago(hours=2))]}, "events_missed", "auth"),
        ({"held": [HeldStatus("choke", 0, 1, None, ago(days=1))]}, "events_parked", "choke"),
        ({"held": [HeldStatus("choke", 3, 0, ago(minutes=11), None)]}, "events_wait_long", "choke"),
        ({"commands": [CommandStatus("mail.deliver", 5, 0, 5, ago(minutes=3))]}, "commands_overdue", "mail.deliver"),
    ],
)
def test_an_alarm_is_raised_where_somebody_has_to_look(changed, code, about):
    assert alarms(healthy()) == []
    (raised,) = alarms(healthy(**changed))
    assert (raised.code, raised.about) == (code, about)
    assert code in CODES
    told = {family.name: family for family in families(healthy(**changed))}["bus_alarms"]
    assert {sample.labels["alarm"]: sample.value for sample in told.samples} == dict.fromkeys(CODES, 0.0) | {code: 1.0}


def test_a_consumer_that_reported_lately_in_one_partition_is_not_silent():
    idle = ConsumerStatus("reader", 1, 0, 0, 0, None, ago(hours=5))
    assert alarms(healthy(consumers=[*healthy().consumers, idle])) == []


def test_metrics_and_the_door_tell_the_same(world, standing_clock):
    relay = world.relay()
    assert relay.is_leading()
    for amount in range(3):
        world.write("account-0", amount)
    relay.step()
    desk = Desk(world.source)
    told = desk.ask("GET", "status")
    text = desk.client.get("/metrics").text
    desk.database.dispose()
    gauges = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert gauges["bus_outbox_rows",] == told["outbox"]["rows"] == 3
    assert gauges["bus_relay_leads",] == 1
    for partition, number in told["given"].items():
        assert gauges["bus_numbers_given", partition] == number


def test_the_door_tells_all_of_the_status():
    assert set(door.StatusView.model_fields) == {*BusStatus.__slots__, "alarms"}
