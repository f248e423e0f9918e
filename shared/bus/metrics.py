"""What the bus measures: counted from the service's own tables whenever Prometheus asks."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from shared.bus.tables import consumers, outbox, outbox_numbers, waiting
from shared.database import Database


class BusMetrics(Collector):
    """Gauges of the outbox, of what waits, and of how far each consumer is behind; none while the database is away."""

    def __init__(self, database: Database):
        self.database = database

    def describe(self) -> list:
        """Nothing: a registry that asks on registration would find no database yet."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One read unit a scrape."""
        try:
            with self.database.reading() as session:
                yield from (self._unsent(session), self._held(session), self._lag(session))
        except SQLAlchemyError:
            return

    def _unsent(self, session) -> GaugeMetricFamily:
        count = session.scalar(select(func.count()).select_from(outbox).where(~outbox.c.is_sent))
        return GaugeMetricFamily("bus_outbox_unsent", "Events that the broker was not told yet", value=count)

    def _held(self, session) -> GaugeMetricFamily:
        family = GaugeMetricFamily("bus_held_events", "Events that wait or are parked", labels=["handler", "state"])
        rows = select(waiting.c.handler, waiting.c.state, func.count()).group_by(waiting.c.handler, waiting.c.state)
        for handler, state, count in session.execute(rows):
            family.add_metric([handler, state], count)
        return family

    def _lag(self, session) -> GaugeMetricFamily:
        family = GaugeMetricFamily("bus_consumer_lag", "Events a consumer has not reported", labels=["consumer"])
        behind = func.sum(outbox_numbers.c.assigned - consumers.c.number)
        rows = (
            select(consumers.c.consumer, behind)
            .join(outbox_numbers, outbox_numbers.c.partition == consumers.c.partition)
            .group_by(consumers.c.consumer)
        )
        for consumer, lag in session.execute(rows):
            family.add_metric([consumer], float(lag))
        return family
