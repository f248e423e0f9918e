"""Consumers at the operator's desk: who reports, who is retired, and that no event is kept for those."""

import pytest

from shared.bus.admin.errors import ConsumerNotFound
from shared.bus.source.answering import note_report, read_feed
from shared.bus.tests.desk import Desk
from shared.testing.identity import assert_problem


@pytest.fixture
def desk(world) -> Desk:
    assert world.relay().is_leading()
    desk = Desk(world.source)
    yield desk
    desk.database.dispose()


def report(world, consumer: str) -> None:
    """A consumer asks, having handled nothing yet."""
    with world.source.transaction() as session:
        note_report(session, consumer, read_feed(session, "ledger", None, {}), {})


def test_a_consumer_that_is_retired_holds_nothing_and_is_listed_as_such(world, desk, capsys):
    report(world, "reader")
    report(world, "gone")
    desk.ask("DELETE", "consumers/gone")
    assert '"by":"users/' in next(line for line in capsys.readouterr().out.splitlines() if '"consumer retired"' in line)
    listed = {one["name"]: one for one in desk.ask("GET", "consumers")["items"]}
    assert (listed["reader"]["retired_at"], listed["gone"]["reported_at"]) == (None, None)
    assert listed["gone"]["retired_at"]
    assert {one["consumer"] for one in desk.ask("GET", "status")["consumers"]} == {"reader"}


def test_one_that_never_reported_or_is_retired_already_is_not_found(world, desk):
    report(world, "gone")
    desk.ask("DELETE", "consumers/gone")
    for name in ("gone", "nobody"):
        assert_problem(desk.send("DELETE", f"consumers/{name}"), ConsumerNotFound)
