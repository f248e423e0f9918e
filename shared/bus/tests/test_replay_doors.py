"""Replays at the operator's desk: begun with who asked, followed to the end, stopped, refused where nothing handles."""

from datetime import timedelta

import pytest

from shared import clock
from shared.bus.admin.errors import ReplayImpossible, ReplayNotFound
from shared.bus.tests.desk import Desk
from shared.ids import new_id
from shared.problems import Invalid
from shared.testing import eventually
from shared.testing.identity import assert_problem, service_bearer


@pytest.fixture
def desk(world) -> Desk:
    world.keep_book()
    desk = Desk(world.target, world.handlers)
    yield desk
    desk.database.dispose()


@pytest.fixture
def consumer(world, desk):
    """A consumer that has handled three events."""
    relay, consumer = world.relay(), world.consumer()
    assert relay.is_leading()
    for amount in range(3):
        world.write("account-0", amount)
    relay.step()
    eventually(lambda: consumer.step(wait_seconds=0.02) >= 0 and len(world.noted()) == 3)
    return consumer


def test_a_replay_is_begun_and_followed_to_its_end(world, desk, consumer, capsys):
    order = {"source": "ledger", "types": ["ledger.noted"], "handler": "note"}
    begun = desk.ask("POST", "replays", json=order, headers=service_bearer("operator", "mail"))
    assert (begun["state"], begun["handled"], begun["asked_by"]) == ("running", 0, "services/operator")
    assert '"replay begun"' in capsys.readouterr().out

    def ended() -> dict | None:
        consumer.step(wait_seconds=0.02)
        told = desk.ask("GET", f"replays/{begun['id']}")
        return told if told["state"] != "running" else None

    done = eventually(ended)
    assert (done["state"], done["handled"], done["missed"]) == ("done", 3, 0)
    assert world.noted() == [0, 1, 2, 0, 1, 2]
    assert [one["id"] for one in desk.ask("GET", "replays")["items"]] == [begun["id"]]


def test_a_replay_that_is_stopped_says_by_whom_and_one_that_has_ended_stays_so(world, desk, consumer):
    begun = desk.ask("POST", "replays", json={"source": "ledger"})
    for _ in range(2):
        stopped = desk.ask("DELETE", f"replays/{begun['id']}")
        assert stopped["state"] == "failed"
        assert stopped["last_error"].startswith("stopped by users/")
    assert world.noted() == [0, 1, 2]


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"source": "elsewhere"}, "ledger"),
        ({"source": "ledger", "types": ["ledger.lost"]}, "ledger.lost"),
        ({"source": "ledger", "handler": "nobody"}, "note"),
    ],
)
def test_what_nothing_here_handles_is_not_replayed(desk, order, says):
    assert says in assert_problem(desk.send("POST", "replays", json=order), ReplayImpossible)["detail"]


def test_a_range_that_is_none_is_refused(desk):
    later = (clock.now() + timedelta(hours=1)).isoformat()
    for range_ in (
        {"since": later},
        {"since": "2026-03-14T12:00:00"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-14:00"},
    ):
        assert_problem(desk.send("POST", "replays", json={"source": "ledger"} | range_), Invalid)


def test_a_replay_that_nobody_began_is_not_found(desk):
    for method in ("GET", "DELETE"):
        assert_problem(desk.send(method, f"replays/{new_id()}"), ReplayNotFound)
