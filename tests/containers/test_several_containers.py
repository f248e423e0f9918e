"""Two containers of data and of realtime behind the gateway, which finds them by itself; they agree on everything."""

import os
import signal
from collections.abc import Iterator

import pytest

from demo.containers import Containers, logged
from tests.e2e.freezing import wait_until_whole
from tests.e2e.people import airport


@pytest.fixture(scope="module", autouse=True)
def two_of_each(system) -> Iterator[None]:
    system.scale(data=2, realtime=2)
    wait_until_whole(system, within=300)
    yield
    system.scale(data=1, realtime=1)
    wait_until_whole(system, within=300)


def answering(system: Containers, name: str, word: str) -> int:
    """How many of a service's containers have logged a word, as the trace of a request."""
    return sum(word in logged(one) for one in system.containers(name))


def test_both_answer_and_know_a_collection_at_once(system, cast):
    for round_ in range(5):
        name = cast.airports()
        made = [cast.admin.creates(name, **airport(number, iata=f"{round_}-{number}")) for number in range(10)]
        assert [cast.admin.reads(name, row["id"])["iata"] for row in made] == [row["iata"] for row in made]
        assert len(cast.admin.lists(name)) == 10
    assert answering(system, "data", cast.admin.api.trace_id) == 2


def test_a_rule_that_is_tightened_holds_at_both_at_once(cast, ada, ben, airports):
    row = ada.creates(airports, **airport())["id"]
    path = f"/v1/data/collections/{airports}"
    for rule, status in (("owner = @me.id", 404), ("@me.id != null", 200)) * 2:
        cast.admin.api.ask("PATCH", path, json={"rules": {"view": rule}})
        said = {ben.api.send("GET", f"{path}/records/{row}").status_code for _ in range(10)}
        assert said == {status}


def test_a_change_reaches_the_sockets_of_both(ada, ben, airports):
    watching = [ben.watches(airports) for _ in range(8)]
    rows = [ada.creates(airports, **airport(number))["id"] for number in range(10)]
    for one in watching:
        one.expect([("created", row) for row in rows])


def test_one_resumes_wherever_the_gateway_leads_and_has_missed_nothing(ada, ben, airports):
    watching = ben.watches(airports)
    for number in range(8):
        watching.live.breaks()
        row = ada.creates(airports, **airport(number))["id"]
        watching = watching.resumed_on(ben.connects())
        assert watching.is_recovered
        watching.expect([("created", row)])


def test_long_polling_stays_with_its_instance(ada, ben, airports):
    watching = [ben.watches(airports, transport="polling") for _ in range(4)]
    rows = [ada.creates(airports, **airport(number))["id"] for number in range(5)]
    for one in watching:
        one.expect([("created", row) for row in rows])


def test_a_message_reaches_a_room_s_members_at_both(ada, ben):
    room = f"both-{ada.id[-6:]}"
    lives = [person.connects() for person in (ada, ben) * 4]
    for live in lives:
        live.ask("join", {"room": room})
    for number in range(8):
        lives[number].ask("send", {"room": room, "text": str(number)})
    for live in lives:
        got = live.wait_for("message", lambda arrived: len(arrived) >= 8)
        assert [one.data["text"] for one in got] == list("01234567")


def test_one_that_dies_is_left_out_and_nobody_who_reads_notices(system, ada, airports):
    row = ada.creates(airports, **airport())["id"]
    os.kill(system.pids("data")[0], signal.SIGKILL)
    assert [ada.reads(airports, row)["id"] for _ in range(50)] == [row] * 50
    wait_until_whole(system, within=300)
