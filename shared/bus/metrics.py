"""What the bus measures: its status as gauges, read from the service's own tables whenever Prometheus asks."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from shared.bus.alarms import CODES, alarms
from shared.bus.source.keeping import Limits
from shared.bus.status import BusStatus, read_status
from shared.database import Database


class BusMetrics(Collector):
    """Every api instance of a service tells the same; none of it while the database is away."""

    def __init__(self, service: str, database: Database, commands: Sequence[Any] = (), limits: Limits | None = None):
        self.service, self.database, self.commands, self.limits = service, database, commands, limits

    def describe(self) -> list:
        """Nothing: a registry that asks on registration would find no database yet."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One read unit a scrape."""
        try:
            with self.database.reading() as session:
                status = read_status(session, self.service, self.commands, self.limits)
        except SQLAlchemyError:
            return
        yield from families(status)


def families(status: BusStatus) -> Iterator[GaugeMetricFamily]:
    """The gauges of a status."""
    yield from _of_the_source(status)
    yield from _of_consumers(status)
    yield from _of_handlers(status)
    yield from _of_commands(status)
    raised = [one.code for one in alarms(status)]
    about = "1 or more where an alarm is raised, by its code"
    yield _family("bus_alarms", about, ["alarm"], [([code], raised.count(code)) for code in CODES])


def _of_the_source(status: BusStatus) -> Iterator[GaugeMetricFamily]:
    outbox = status.outbox
    yield _one("bus_relay_leads", "1 while a process relays the service's events", status.relay.leader is not None)
    yield _one("bus_outbox_rows", "Events that the outbox keeps", outbox.rows)
    yield _one("bus_outbox_bytes", "About how many bytes the outbox keeps", outbox.bytes)
    held = [([one.consumer], one.events) for one in status.holding]
    yield _family("bus_outbox_held_back", "Events not reported by who holds the outbox back", ["consumer"], held)
    yield _one("bus_outbox_unnumbered", "Committed events without a number yet", outbox.unnumbered)
    yield _one("bus_outbox_unsent", "Events that the broker was not told yet", outbox.unsent)
    about = "Age of the oldest event that the broker was not told yet"
    yield _one("bus_outbox_unsent_age_seconds", about, _age(status, outbox.oldest_unsent_at))
    given = [([str(partition)], number) for partition, number in status.given.items()]
    yield _family("bus_numbers_given", "The last number given, by partition", ["partition"], given)


def _of_consumers(status: BusStatus) -> Iterator[GaugeMetricFamily]:
    by_name: dict[str, list] = {}
    for one in status.consumers:
        by_name.setdefault(one.consumer, []).append(one)
    lags, ages, reports = [], [], []
    for name, all_ in by_name.items():
        lags.append(([name], sum(one.lag for one in all_)))
        ages.append(([name], max(_age(status, one.oldest_unhandled_at) for one in all_)))
        reports.append(([name], min(_age(status, one.reported_at) for one in all_)))
    yield _family("bus_consumer_lag", "Events a consumer has not reported", ["consumer"], lags)
    about = "Age of the oldest event that a consumer has not reported"
    yield _family("bus_consumer_oldest_unhandled_seconds", about, ["consumer"], ages)
    yield _family("bus_consumer_report_age_seconds", "Since a consumer's last report", ["consumer"], reports)
    positions = [([one.source, str(one.partition)], one.number) for one in status.positions]
    about = "The last number handled here, by source and partition"
    yield _family("bus_numbers_handled", about, ["source", "partition"], positions)


def _of_handlers(status: BusStatus) -> Iterator[GaugeMetricFamily]:
    held = [([h.handler, state], getattr(h, state)) for h in status.held for state in ("waiting", "parked")]
    yield _family("bus_held_events", "Events that wait or are parked", ["handler", "state"], held)
    ages = [([h.handler], _age(status, h.oldest_waiting_at)) for h in status.held]
    yield _family("bus_oldest_waiting_seconds", "Age of the oldest event that waits", ["handler"], ages)


def _of_commands(status: BusStatus) -> Iterator[GaugeMetricFamily]:
    told = {
        "commands_queued": "Commands that are not begun",
        "commands_running": "Commands that a worker holds",
        "commands_overdue": "Commands that should have begun, or lost their worker, a resend's time ago",
    }
    for name, about in told.items():
        counts = [([one.task], getattr(one, name.removeprefix("commands_"))) for one in status.commands]
        yield _family(name, about, ["task"], counts)
    ages = [([one.task], _age(status, one.oldest_due_at)) for one in status.commands]
    yield _family("commands_oldest_due_seconds", "Since when the oldest due command could have begun", ["task"], ages)


def _family(name: str, about: str, labels: list[str], values: Iterable[tuple[list[str], float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=labels)
    for of, value in values:
        family.add_metric(of, float(value))
    return family


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=float(value))


def _age(status: BusStatus, at: datetime | None) -> float:
    return max(0.0, (status.at - at).total_seconds()) if at else 0.0
