"""Two instances of data and of realtime behind the gateway: they agree, and a client may come back to either."""

import json
from collections.abc import Iterator

import pytest

from demo.client import Quintet
from demo.live import Live
from tests.e2e.people import airport


@pytest.fixture(scope="module")
def ports(system) -> Iterator[dict[str, int]]:
    """Two of each, also on a running system, and one again afterwards; the ports by name."""
    if system.state is None:
        pytest.skip("the system that was given is not ours to scale")
    system.operate("up", "--scale", "data=2", "--scale", "realtime=2")
    yield json.loads((system.state / "state.json").read_text())["ports"]
    system.operate("up", "--scale", "data=1", "--scale", "realtime=1")


def at(ports: dict[str, int], name: str) -> str:
    return f"http://127.0.0.1:{ports[name]}"


def test_both_instances_of_data_know_a_collection_at_once(cast, ports):
    first, second = (Quintet(at(ports, name), cast.admin.api.token) for name in ("data", "data-2"))
    for round_ in range(5):
        name = cast.airports()
        for api in (second, first):
            made = api.ask("POST", f"/v1/data/collections/{name}/records", json=airport(round_, iata=f"{api.url[-5:]}"))
            assert made["state"] == "AK"
        more = [{"name": f"extra_{round_}", "type": "integer"}]
        first.ask("PATCH", f"/v1/data/collections/{name}", json={"fields": more})
        second.ask("POST", f"/v1/data/collections/{name}/records", json=airport(9) | {f"extra_{round_}": 7})
        found = first.ask("GET", f"/v1/data/collections/{name}/records", params={"filter": f"extra_{round_} = 7"})
        assert len(found["items"]) == 1
    for api in (first, second):
        api.http.close()


def test_a_rule_that_is_tightened_holds_at_the_other_instance_at_once(cast, ports, ada):
    name = cast.airports()
    first, second = (Quintet(at(ports, name), None) for name in ("data", "data-2"))
    row = ada.creates(name, **airport())["id"]
    cast_admin, ben = cast.admin, cast.person("Ben")
    for api, rule, status in ((first, "owner = @me.id", 404), (second, "@me.id != null", 200)):
        other = second if api is first else first
        api.token, other.token = cast_admin.api.token, ben.api.token
        api.ask("PATCH", f"/v1/data/collections/{name}", json={"rules": {"view": rule}})
        assert other.send("GET", f"/v1/data/collections/{name}/records/{row}").status_code == status
    for api in (first, second):
        api.http.close()


def test_a_change_reaches_the_sockets_of_both_instances(cast, ports, ada, ben, airports):
    watching = [ben.watches(airports, url=at(ports, name)) for name in ("realtime", "realtime-2")]
    rows = [ada.creates(airports, **airport(number))["id"] for number in range(10)]
    for one in watching:
        one.expect([("created", row) for row in rows])


def test_one_resumes_at_another_instance_and_has_missed_nothing(cast, ports, ada, ben, airports):
    watching = ben.watches(airports, url=at(ports, "realtime"))
    watching.expect([("created", ada.creates(airports, **airport(0))["id"])])
    for number in range(1, 9):
        watching.live.breaks()
        row = ada.creates(airports, **airport(number))["id"]
        watching = watching.resumed_on(ben.connects(url=at(ports, ("realtime", "realtime-2")[number % 2])))
        assert watching.is_recovered
        watching.expect([("created", row)])


def test_long_polling_stays_with_its_instance(cast, ports, ada, ben, airports):
    watching = [ben.watches(airports, transport="polling") for _ in range(4)]
    rows = [ada.creates(airports, **airport(number))["id"] for number in range(5)]
    for one in watching:
        one.expect([("created", row) for row in rows])


def test_a_message_reaches_a_room_s_members_at_both_instances(cast, ports, ada, ben):
    room = f"both-{ada.id[-6:]}"
    here, there = (person.connects(url=at(ports, name)) for person, name in ((ada, "realtime"), (ben, "realtime-2")))
    lives: list[Live] = [here, there]
    for live in lives:
        live.ask("join", {"room": room})
    for number in range(6):
        lives[number % 2].ask("send", {"room": room, "text": str(number)})
    for live in lives:
        got = live.wait_for("message", lambda arrived: len(arrived) >= 6)
        assert [one.data["text"] for one in got] == list("012345")
