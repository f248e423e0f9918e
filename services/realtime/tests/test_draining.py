"""An instance that is told to end: its sockets are told and go on elsewhere, new ones are refused, streams end."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection

import pytest
import requests

from services.realtime.tests.making import record_changed as changed
from services.realtime.tests.outsiders import Outsider, Reader
from shared.ids import new_id
from shared.testing import eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def ending(system) -> Iterator[int]:
    """An instance that drains for long once it is told to end; afterwards there is another in its place."""
    system.end("api1")
    system.start_instance(1, DRAIN_SECONDS="600")
    system.await_ready(1)
    yield 1
    if "api1" in system.processes:
        system.kill("api1")
    system.start_instance(1)
    system.await_ready(1)


@contextmanager
def writes(system) -> Iterator[list[str]]:
    """Records are created one after the other for as long as this lasts; their names."""
    names: list[str] = []
    is_over = threading.Event()

    def write() -> None:
        while not is_over.wait(0.01):
            names.append(f"row {len(names)}")
            system.data.announce(changed(None, {"id": new_id(), "name": names[-1], "state": "AK", "owner": None}))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield names
    finally:
        is_over.set()
        writer.join()


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_its_sockets_are_told_and_miss_nothing_at_another(system, person, ending, transport):
    ben = person(ending, transport)
    ben.call("subscribe", collection="airports")
    with writes(system) as names:
        ben.hears_at_least("change", 20)
        system.processes["api1"].terminate()
        assert [problem["code"] for problem in ben.hears("problem")] == ["instance_ending"]
        eventually(lambda: not ben.socket.connected)
        before = ben.heard("change")
        again = person(0, transport)
        assert again.call("subscribe", collection="airports", offset=before[-1]["offset"])["recovered"] is True
        again.hears_at_least("change", 20)
    wanted = len(names) - len(before)
    assert [one["record"]["name"] for one in before + again.hears("change", wanted)] == names


def test_all_of_many_are_told_before_it_ends(system, person, ending):
    system.kill("api1")
    system.start_instance(1, DRAIN_SECONDS="10")
    system.await_ready(1)
    people = [person(ending) for _ in range(25)]
    system.processes["api1"].terminate()
    for one in people:
        assert [problem["code"] for problem in one.hears("problem")] == ["instance_ending"]
    assert system.processes.pop("api1").wait(60) == 0


def test_new_sockets_are_refused_and_known_ones_served(system, person, ending):
    url = f"{system.url(ending)}/socket.io/?EIO=4&transport=polling"
    known = requests.get(url, timeout=60).text[1:]
    system.processes["api1"].terminate()
    [refusal] = eventually(lambda: refusals(url))
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert (refusal.json()["code"], refusal.headers["Retry-After"]) == ("instance_ending", "1")
    sid = known.partition('"sid":"')[2].partition('"')[0]
    assert requests.post(f"{url}&sid={sid}", data="3", timeout=60).status_code == 200
    assert requests.post(f"{url}&sid=ofanother", data="3", timeout=60).json()["code"] == "instance_ending"
    assert "draining" in requests.get(f"{system.url(ending)}/readyz", timeout=60).json()["checks"]


def test_who_waits_for_events_is_answered_and_streams_end(system, ending):
    shop = Outsider("shop", system.outside_file, reads=("*",)).is_added()
    reader = Reader(shop, system.url(ending))
    with reader.stream(types="data.*") as stream, closing(HTTPConnection("127.0.0.1", system.ports[ending])) as waiting:
        waiting.request("GET", "/v1/events?types=data.*&wait=30", headers=shop.headers())
        assert requests.get(f"{system.url(ending)}/healthz", timeout=60).ok  # so the question is there, too
        system.processes["api1"].terminate()
        assert stream.messages(1) == []
        assert json.load(waiting.getresponse())["events"] == []
        assert reader.get().json()["code"] == "instance_ending"


def refusals(url: str) -> list[requests.Response]:
    """The answer, where it is one."""
    answer = requests.get(url, timeout=60)
    return [answer] if answer.status_code == 503 else []
