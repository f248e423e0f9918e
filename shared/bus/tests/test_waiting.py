"""What waits is tried by the process that counted the attempt, and by no other meanwhile."""

import pytest
import sqlalchemy as sa

from shared.bus import Handlers
from shared.bus.consuming.waiting import Waiting
from shared.bus.tables import waiting
from shared.bus.tests.conftest import World
from shared.bus.tests.ledger import Noted
from shared.testing import eventually
from shared.testing.clocks import standing


@pytest.fixture
def seen(world) -> list[int]:
    """What was handled; the first event waits, since its handler raised once."""
    seen, failures = [], [ValueError("not yet")]

    @world.handlers.on(Noted)
    def note(_session, event, _envelope):
        if failures:
            raise failures.pop()
        seen.append(event.amount)

    relay, consumer = world.relay(), world.consumer()
    world.write("account-0", 1)
    with standing():  # it is not tried again yet
        eventually(relay.is_leading)
        relay.step()
        eventually(lambda: consumer.step(wait_seconds=0.01) + 1 and rows(world))
    with world.target.transaction() as session:
        session.execute(sa.update(waiting).values(run_at=sa.select(waiting.c.created_at).scalar_subquery()))
    return seen


def rows(world: World) -> list:
    with world.target.reading() as session:
        return session.execute(sa.select(waiting)).all()


def meanwhile(world: World, monkeypatch, **values) -> None:
    """The process sleeps between counting and trying, and the row changes."""
    count = Waiting._count

    def count_and_sleep(self, row):
        is_counted = count(self, row)
        with world.target.transaction() as session:
            session.execute(sa.update(waiting).values(**values))
        return is_counted

    monkeypatch.setattr(Waiting, "_count", count_and_sleep)


@pytest.mark.parametrize("change", [{"attempts": 8, "state": "parked"}, {"envelope": "another event's"}])
def test_a_process_that_wakes_late_leaves_what_is_no_longer_as_it_counted_it(world, seen, monkeypatch, change):
    meanwhile(world, monkeypatch, **change)
    assert Waiting(world.target, world.handlers).step(set(range(8))) == 1
    assert seen == []
    assert len(rows(world)) == 1


def test_what_is_as_it_was_counted_is_handled_and_gone(world, seen):
    assert Waiting(world.target, world.handlers).step(set(range(8))) == 1
    assert seen == [1]
    assert rows(world) == []


def test_an_event_whose_handler_this_release_lacks_waits_on_for_one_that_has_it(world, seen):
    assert Waiting(world.target, Handlers("reader")).step(set(range(8))) == 1
    (row,) = rows(world)
    assert (row.state, row.last_error) == ("waiting", "HandlerGone: this release has no handler note")
    eventually(lambda: Waiting(world.target, world.handlers).step(set(range(8))))
    assert seen == [1]
