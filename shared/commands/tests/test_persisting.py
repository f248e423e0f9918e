"""A worker whose database is away for a moment keeps the command in hand; no broker needed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, ProgrammingError

from shared.commands import persisting
from shared.commands.performing import perform
from shared.commands.persisting import persist
from shared.commands.tests.errands import Base, Errand, Mark, errand_commands, marks_of
from shared.database import Database
from shared.testing import eventually
from shared.testing.proxy import Proxy

PASSING = OperationalError("SELECT 1", {}, Exception("database is locked"))
MISTAKE = ProgrammingError("SELECT 1", {}, Exception("no such column"))


class Away:
    """Raises one error after the other, then gives an answer."""

    def __init__(self, *errors: Exception):
        self.errors, self.calls = [*errors], 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "there"


class Time:
    """Seconds that pass where somebody sleeps."""

    def __init__(self):
        self.now, self.pauses = 0.0, []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def time(monkeypatch) -> Time:
    time = Time()
    monkeypatch.setattr(persisting, "time", time)
    return time


def test_what_passes_is_tried_again_at_once(time):
    away = Away(PASSING)
    assert persist(away, seconds=0.01, what="test") == "there"
    assert time.pauses == [0.0]


def test_a_mistake_is_not_tried_again():
    away = Away(MISTAKE)
    with pytest.raises(ProgrammingError):
        persist(away, seconds=10, what="test")
    assert away.calls == 1


def test_what_does_not_pass_in_time_is_raised(time):
    away = Away(*[PASSING] * 1000)
    with pytest.raises(OperationalError):
        persist(away, seconds=0.5, what="test")
    assert away.calls == 2


@pytest.fixture
def proxy(postgres_url) -> Iterator[Proxy]:
    url = sa.make_url(postgres_url)
    with Proxy((url.host, url.port)) as proxy:
        yield proxy


@pytest.fixture
def near(postgres_url) -> Iterator[Database]:
    """The database as others see it."""
    near = Database().connect(postgres_url)
    Base.metadata.create_all(near.engine)
    yield near
    near.dispose()


@pytest.fixture
def far(near, postgres_url, proxy) -> Iterator[Database]:
    """The database as the worker sees it, through a network that may fail."""
    far = Database().connect(sa.make_url(postgres_url).set(port=proxy.port).render_as_string(hide_password=False))
    yield far
    far.dispose()


@pytest.fixture
def knocks(far, errand_id) -> list[object]:
    """Grows with each new connection that the worker tries to make."""
    knocks: list[object] = []
    sa.event.listen(far.engine, "do_connect", lambda *told: knocks.append(told))
    return knocks


@pytest.fixture
def errands(far):
    return errand_commands(far, resend_seconds=30, lease_seconds=30)


@pytest.fixture
def errand_id(near, errands) -> str:
    with near.transaction() as session:
        return errands.submit(session).id


@contextmanager
def performing(errands, errand_id, work) -> Iterator[None]:
    """Inside, a worker is at the command; at the end it is done with it."""
    worker = threading.Thread(target=perform, args=(errands, errand_id, work))
    worker.start()
    try:
        yield
    finally:
        worker.join(60)
    assert not worker.is_alive()


def mark(claim) -> None:
    with claim.finishing() as session:
        session.add(Mark(errand_id=claim.id, what="done"))


def state_of(database: Database, errand_id: str) -> tuple[str, int]:
    with database.reading() as session:
        errand = session.get(Errand, errand_id)
        return errand.state, errand.attempts


def test_a_command_that_comes_while_the_database_is_away_is_done_when_it_is_back(
    near, errands, errand_id, proxy, knocks
):
    proxy.refuse()
    with performing(errands, errand_id, mark):
        eventually(lambda: len(knocks) >= 2)
        proxy.mend()
    assert (state_of(near, errand_id), marks_of(near, errand_id)) == (("succeeded", 1), ["done"])


def test_a_command_whose_database_goes_in_mid_work_is_put_off_as_soon_as_it_is_back(
    near, errands, errand_id, proxy, knocks
):
    def work(claim) -> None:
        proxy.refuse()
        mark(claim)

    with performing(errands, errand_id, work):
        eventually(lambda: len(knocks) >= 3)  # the work's own, and two to put it off
        proxy.mend()
    assert state_of(near, errand_id) == ("queued", 1)


def test_work_that_left_nothing_to_commit_is_finished_though_the_database_was_away(
    near, errands, errand_id, proxy, knocks
):
    with performing(errands, errand_id, lambda claim: proxy.refuse()):
        eventually(lambda: len(knocks) >= 2)
        proxy.mend()
    assert state_of(near, errand_id) == ("succeeded", 1)
