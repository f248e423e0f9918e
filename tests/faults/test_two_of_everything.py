"""Two relays, consumers, workers and beats at once, and one of each that wakes late: nothing twice or out of order."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from services.worker.models import Job, Schedule
from shared import clock
from shared.database import Database, migrator
from shared.testing import eventually
from tests.faults.beats import beat
from tests.faults.brokers import BROKERS
from tests.faults.databases import KINDS, Databases
from tests.faults.ledger import Ledger
from tests.faults.processes import Process, pause_outside_transactions
from tests.faults.systems import PLACES, System
from tests.faults.writers import Writer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WITHIN = 120.0


class Pairs:
    """A system in which all but the api are there twice, and a client."""

    def __init__(self, system: System):
        self.system = system
        system.stand(*PLACES)
        self.twins = {name: (system.standing(name), system.join(name)) for name in PLACES if name != "api"}
        self.ledger, self.writer = Ledger(system.databases), Writer(system.gateway.port, 1)

    def write(self, count: int) -> None:
        for number in range(count):
            kind = "stubborn" if number == 3 else "plain"
            self.writer.send("abc"[number % 3], kind, "short" if number % 4 == 0 else None)

    def settle(self) -> None:
        """Until everything is done; nothing of it twice or in another order."""

        def is_settled() -> bool:
            assert self.writer.is_done(), "a client still waits for its answer"
            undone = self.ledger.undone()
            assert not undone, ", ".join(undone)
            return True

        eventually(is_settled, within=WITHIN, every=0.05)
        slips = self.ledger.slips()
        assert not slips, "; ".join(slips)
        assert self.system.casualties() == []


@pytest.fixture(params=KINDS)
def pairs(request, tmp_path) -> Iterator[Pairs]:
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    broker, databases = BROKERS["redis"](tmp_path / "broker"), Databases(tmp_path, server)
    system = System(tmp_path, databases.fresh(request.param, tmp_path), broker)
    try:
        pairs = Pairs(system)
        yield pairs
        pairs.writer.close()
    finally:
        system.close()
        broker.stop()


def test_two_of_everything_do_nothing_twice(pairs):
    pairs.write(60)
    pairs.settle()


@pytest.mark.parametrize("which", [0, 1], ids=["the elder", "the younger"])
def test_one_of_each_that_stops_and_wakes_late_does_no_harm(pairs, which):
    pairs.write(12)
    stopped = [twins[which] for twins in pairs.twins.values()]
    for member in stopped:
        pause_outside_transactions(member, pairs.system.databases[member.service])
    pairs.write(24)
    pairs.settle()
    for member in stopped:
        member.wake()
    pairs.write(12)
    pairs.settle()


@pytest.fixture
def secondly(database_url) -> Iterator[Database]:
    """Worker's database, with a schedule that is due every second."""
    database = Database(migrations="services/worker/migrations").connect(database_url)
    migrator.upgrade(database)
    with database.transaction() as session:
        session.execute(sa.update(Schedule).values(is_enabled=False))
        session.add(
            Schedule(name="secondly", every_seconds=1, kind="housekeeping", input={}, is_enabled=True,
                     next_due=clock.now())
        )  # fmt: skip
    yield database
    database.dispose()


def due_times(database: Database) -> list:
    with database.reading() as session:
        return list(session.scalars(sa.select(Job.due_at).where(Job.schedule == "secondly").order_by(Job.due_at)))


def test_two_beats_start_each_due_time_once_and_one_that_wakes_late_none_again(secondly, database_url, tmp_path):
    beats = [Process(beat, database_url, tmp_path) for _ in range(2)]
    try:
        for one in beats:
            one.await_ready()
        eventually(lambda: len(due_times(secondly)) >= 3, within=WITHIN)
        pause_outside_transactions(beats[0], secondly)
        before = len(due_times(secondly))
        eventually(lambda: len(due_times(secondly)) >= before + 3, within=WITHIN)
        beats[0].wake()
        eventually(lambda: len(due_times(secondly)) >= before + 5, within=WITHIN)
        beats[1].kill()
        seen = len(due_times(secondly))
        eventually(lambda: len(due_times(secondly)) >= seen + 2, within=WITHIN)
        assert not beats[0].has_ended()
    finally:
        for one in beats:
            one.close()
    found = due_times(secondly)
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(found))
