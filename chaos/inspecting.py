"""What the services' databases say: what is still under way, and how often each job has ended."""

from collections import Counter
from collections.abc import Callable

import psutil
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from chaos.system import System
from quintet import report
from quintet.state import SERVICES
from shared import clock
from shared.bus.tables import leases, outbox, outbox_numbers, positions, waiting
from shared.database.engine import open_engine
from shared.events import Envelope
from shared.events.worker import JobFinished

COMMANDS = {"worker": "jobs", "mail": "deliveries"}
"""The services with commands, and the tables of these."""
ENDED = "('succeeded', 'failed')"


class Inspector:
    """Reads every service's database, past all proxies. `pending` is empty when nothing is under way any more."""

    def __init__(self, system: System):
        self.system = system
        self._engines: dict[str, Engine] = {
            service: open_engine(system.database_url(service), pool_size=1) for service in SERVICES
        }

    def close(self) -> None:
        """Lets go of the databases."""
        for engine in self._engines.values():
            engine.dispose()

    def pending(self) -> list[str]:
        """What has not come to its end, one sentence each."""
        looks: list[Callable[[], list[str]]] = [
            self._unready, self._unpublished, self._unhandled, self._waiting, self._commands, self._leases,
        ]  # fmt: skip
        found: list[str] = []
        for look in looks:
            try:
                found += look()
            except SQLAlchemyError as error:
                found.append(f"a database does not answer: {type(error).__name__}")
        return found

    def job_ends(self) -> Counter:
        """How often worker has told of each job that it has finished."""
        wanted = select(outbox.c.envelope).where(outbox.c.type == JobFinished.type)
        return Counter(Envelope.from_json(row.envelope).data["job_id"] for row in self._rows("worker", wanted))

    def _rows(self, service: str, wanted) -> list:
        with self._engines[service].execution_options(sqlite_begin="BEGIN").connect() as connection:
            return connection.execute(wanted).all()

    def _unready(self) -> list[str]:
        rows = report.rows(self.system.state)
        late = [row.name for row in rows if not row.is_ready]
        return [f"not ready: {', '.join(late)}"] if late or not rows else []

    def _unpublished(self) -> list[str]:
        unsent = outbox.c.number.is_(None) | outbox.c.is_sent.is_(False)
        wanted = select(func.count()).select_from(outbox).where(unsent)
        counts = {service: self._rows(service, wanted)[0][0] for service in SERVICES}
        return [f"{service}: {count} events are not published" for service, count in counts.items() if count]

    def _unhandled(self) -> list[str]:
        last = {service: self._last(service) for service in SERVICES}
        found = []
        for consumer in SERVICES:
            rows = self._rows(consumer, select(positions.c.source, positions.c.partition, positions.c.number))
            at = {(row.source, row.partition): row.number for row in rows}
            for source in {row.source for row in rows}:
                for partition, number in last[source].items():
                    known = at.get((source, partition), 0)  # over all incarnations: nothing is put back here
                    if known != number:
                        found.append(f"{consumer} has handled {source}/{partition} up to {known}, not {number}")
        return found

    def _last(self, service: str) -> dict[int, int]:
        numbers = select(outbox_numbers.c.partition, outbox_numbers.c.assigned)
        return dict(tuple(row) for row in self._rows(service, numbers))

    def _waiting(self) -> list[str]:
        wanted = select(waiting.c.state, waiting.c.handler, waiting.c.last_error)
        return [
            f"{service}: an event of {row.handler} is {row.state}: {row.last_error}"
            for service in SERVICES
            for row in self._rows(service, wanted)
        ]

    def _commands(self) -> list[str]:
        found = []
        for service, table in COMMANDS.items():
            states = text(f"SELECT state, count(*) FROM {table} WHERE state NOT IN {ENDED} GROUP BY state")  # noqa: S608
            found += [f"{service}: {count} {table} are {state}" for state, count in self._rows(service, states)]
            held = text(f"SELECT count(*) FROM {table} WHERE state IN {ENDED} AND lease_until IS NOT NULL")  # noqa: S608
            if count := self._rows(service, held)[0][0]:
                found.append(f"{service}: {count} {table} that have ended hold a lease")
        return found

    def _leases(self) -> list[str]:
        """A lease that is held is held by a process that lives."""
        wanted = select(leases.c.name, leases.c.owner).where(leases.c.lease_until > clock.now())
        return [
            f"{service}: the lease {row.name} is held by the dead {row.owner}"
            for service in SERVICES
            for row in self._rows(service, wanted)
            if not psutil.pid_exists(int(row.owner.split(":")[1]))
        ]
