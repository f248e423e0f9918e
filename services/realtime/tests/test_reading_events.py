"""Reading events from outside: from a cursor on, waited for or as a stream, from a running instance."""

import threading
from contextlib import ExitStack

import pytest
import requests

from services.realtime.outside.streaming import MAX_STREAMS
from services.realtime.tests.making import record_changed
from services.realtime.tests.outsiders import SCHEMA, Outsider, Reader
from shared.events.auth import UserRegistered
from shared.events.worker import JobChanged
from shared.ids import new_id
from shared.testing.identity import bearer


def job(number: float, job_id: str) -> JobChanged:
    return JobChanged(job_id=job_id, owner_id=None, kind="count", state="running", progress=number)


@pytest.fixture
def shop(system):
    outsider = Outsider("shop", system.outside_file, reads=("worker.*", "data.record_changed", "auth.*")).is_added()
    yield outsider
    outsider.is_removed()


@pytest.fixture
def reader(system, shop) -> Reader:
    return Reader(shop, system.url())


def test_what_happens_after_the_cursor_comes_in_order_and_moves_it(system, reader):
    cursor, job_id = reader.page()["cursor"], new_id()
    system.worker.announce(*[job(number / 10, job_id) for number in range(10)])
    found = []
    while len(found) < 10:
        page = reader.page(since=cursor, wait=30, limit=4)
        assert page["gaps"] == []
        assert len(page["events"]) <= 4
        found, cursor = found + page["events"], page["cursor"]
    assert [event["data"]["progress"] for event in found] == [number / 10 for number in range(10)]
    assert {event["type"] for event in found} == {"worker.job_changed"}
    assert found[0]["specversion"] == "1.0"
    assert reader.page(since=cursor)["events"] == []


def test_a_question_waits_for_what_is_to_come(system, reader):
    cursor = reader.page()["cursor"]
    telling = threading.Timer(0.5, system.worker.announce, [job(0.5, new_id())])
    telling.start()
    page = reader.page(since=cursor, wait=30)
    telling.join()
    assert [event["data"]["progress"] for event in page["events"]] == [0.5]


def test_any_instance_goes_on_from_the_cursor_of_another(system, reader, shop):
    cursor, job_id = reader.page()["cursor"], new_id()
    system.worker.announce(job(0.1, job_id))
    page = reader.page(since=cursor, wait=30)
    system.worker.announce(job(0.2, job_id))
    second = Reader(shop, system.url(1)).page(since=page["cursor"], wait=30)
    assert [event["data"]["progress"] for event in page["events"] + second["events"]] == [0.1, 0.2]


def test_an_instance_that_has_just_begun_reads_on_from_the_feeds(system, reader, shop):
    cursor, job_id = reader.page()["cursor"], new_id()
    system.worker.announce(job(0.1, job_id), job(0.2, job_id))
    system.end("api1")
    system.start_instance(1)
    system.await_ready(1)
    page = Reader(shop, system.url(1)).page(since=cursor, wait=30)
    assert [event["data"]["progress"] for event in page["events"]] == [0.1, 0.2]


def test_types_are_chosen_by_name_and_family(system, reader):
    cursor = reader.page()["cursor"]
    system.data.announce(record_changed(None, {"id": new_id(), "state": "AK"}))
    system.worker.announce(job(0.1, new_id()))
    page = reader.page(since=cursor, types="data.record_changed,worker.job_finished", wait=30)
    assert [event["type"] for event in page["events"]] == ["data.record_changed"]
    assert reader.page(since=cursor, types="worker.*", wait=30)["events"][0]["type"] == "worker.job_changed"


def test_what_was_not_granted_is_not_read(system, reader):
    assert reader.get(types="data.*").json()["code"] == "events_not_readable"
    assert reader.get(types="*").json()["code"] == "events_not_readable"
    assert reader.get(types="shop.*").status_code == 200
    cursor = reader.page()["cursor"]
    stranger = Outsider("stranger", system.outside_file).is_added()
    system.worker.announce(job(0.1, new_id()))
    assert reader.page(since=cursor, wait=30)["events"] != []
    assert Reader(stranger, system.url()).page(since=cursor)["events"] == []
    stranger.is_removed()


def test_what_is_sealed_is_never_shown(system, reader):
    cursor = reader.page()["cursor"]
    system.auth.announce(UserRegistered(user_id=new_id(), email="ada@example.com", verification_token="k1.secret"))
    (event,) = reader.page(since=cursor, types="auth.*", wait=30)["events"]
    assert event["data"]["verification_token"] == "[sealed]"


def test_from_the_beginning_the_window_is_read(system, reader):
    system.worker.announce(job(0.75, new_id()))
    cursor, progress = "beginning", []
    while 0.75 not in progress:
        page = reader.page(since=cursor, types="worker.job_changed", wait=5)
        assert page["gaps"] == []
        progress += [event["data"]["progress"] for event in page["events"]]
        cursor = page["cursor"]


@pytest.mark.parametrize("since", ["x", "!!", "e30", "WyJhIl0", "W1siYSIsbnVsbCxbWzAsLTFdXV1d"])
def test_a_cursor_that_is_none_is_refused(reader, since):
    answer = reader.get(since=since)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


def test_a_stream_tells_and_goes_on_from_its_last_id(system, reader):
    job_id = new_id()
    with reader.stream(types="worker.*") as stream:
        system.worker.announce(job(0.1, job_id), job(0.2, job_id))
        first = stream.messages(2)
    system.worker.announce(job(0.3, job_id))
    with reader.stream(last_id=first[0]["id"], types="worker.*") as stream:
        again = stream.messages(2)
    assert ['"progress":0.2' in one["data"] for one in (first[1], again[0])] == [True, True]
    assert '"progress":0.3' in again[1]["data"]


def test_a_slow_stream_costs_nobody_anything_and_loses_nothing(system, reader):
    job_id = new_id()
    with reader.stream(types="worker.job_changed") as slow:
        cursor = reader.page()["cursor"]
        system.worker.announce_at_once([job(number / 2000, job_id) for number in range(2000)])
        while page := reader.page(since=cursor, wait=30, limit=500):  # another has all before it looks
            cursor = page["cursor"]
            if any(event["data"]["progress"] == 1999 / 2000 for event in page["events"]):
                break
        told = slow.messages(2000)
    assert [f'"progress":{number / 2000}' in one["data"] for number, one in enumerate(told)] == [True] * 2000


def test_a_caller_has_so_many_streams_and_no_more(system):
    crowd = Outsider("crowd", system.outside_file).is_added()
    reader = Reader(crowd, system.url())
    with ExitStack() as held:
        held.callback(crowd.is_removed)
        streams = [held.enter_context(reader.stream()) for _ in range(MAX_STREAMS + 1)]
        assert [one.answer.status_code for one in streams] == [200] * MAX_STREAMS + [429]
        assert streams[-1].answer.json()["code"] == "too_many_streams"


def test_a_stream_ends_when_the_operator_removes_its_service(system, shop, reader):
    with reader.stream() as stream:
        shop.is_removed()
        system.worker.announce(job(0.1, new_id()), job(0.2, new_id()))
        assert len(stream.messages(10)) < 10  # it ended


def test_an_event_from_outside_comes_back_to_those_who_may_read_it(system, reader, shop):
    headers = bearer(role="admin")
    url = f"{system.url()}/v1/events"
    assert requests.put(f"{url}/types/shop.order_placed", json=SCHEMA, headers=headers, timeout=60).status_code == 200
    cursor, event = reader.page()["cursor"], shop.event(data={"amount": 7})
    for _ in range(2):
        assert requests.post(url, json=event, headers=shop.headers(), timeout=60).status_code == 202
    (told,) = reader.page(since=cursor, types="shop.*", wait=30)["events"]
    assert (told["id"], told["source"], told["data"]) == (event["id"], "shop", {"amount": 7})
    assert reader.page(since=reader.page()["cursor"], types="shop.*", wait=0.5)["events"] == []
