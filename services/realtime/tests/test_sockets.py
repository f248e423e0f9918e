"""realtime as clients meet it: real processes, real sockets, a real broker."""

from datetime import timedelta

import pytest
import requests
import socketio

from services.realtime.tests.clients import Person
from services.realtime.tests.making import ADA, collection_changed, definition
from services.realtime.tests.making import record_changed as changed
from shared import clock
from shared.events.auth import SessionRevoked
from shared.events.worker import JobChanged, JobFinished
from shared.ids import new_id
from shared.testing import eventually
from shared.testing.identity import access_token

pytestmark = pytest.mark.slow


def alaskan(name: str, **more):
    return {"id": new_id(), "name": name, "state": "AK", "owner": None, **more}


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_subscriber_is_told_of_what_passes_its_filter_in_order(system, person, transport):
    ben = person(transport=transport)
    ack = ben.call("subscribe", collection="airports", filter='state = "AK"')
    rows = [alaskan("one"), alaskan("two", state="TX"), alaskan("three"), alaskan("four")]
    system.data.announce(*[changed(None, row) for row in rows])
    messages = ben.hears("change", 3)
    assert [message["record"]["name"] for message in messages] == ["one", "three", "four"]
    assert {message["subscription"] for message in messages} == {ack["subscription"]}
    assert ack["recovered"] is False


def test_one_who_polls_is_told_of_more_at_once_than_its_library_takes(system, person):
    ben = person(transport="polling")
    ben.call("subscribe", collection="airports")
    system.data.announce_at_once([changed(None, alaskan(f"row {n}")) for n in range(100)])
    assert [message["record"]["name"] for message in ben.hears("change", 100)] == [f"row {n}" for n in range(100)]
    assert ben.socket.connected


def test_every_message_names_its_trace_and_the_log_says_that_it_was_delivered(system, person):
    ben = person()
    ben.call("subscribe", collection="airports")
    system.data.announce(changed(None, alaskan("traced")))
    [message] = ben.hears("change")
    trace_id = message["traceparent"].split("-")[1]
    delivered = eventually(
        lambda: [
            line for line in system.log("api0") if line.get("trace_id") == trace_id and line["event"] == "delivered"
        ]
    )
    assert delivered[0]["messages"] >= 1


def test_others_rows_are_told_to_nobody_else(system, person):
    ada, ben = person(user_id=ADA.id), person()
    for one in (ada, ben):
        one.call("subscribe", collection="airports")
    secret, shared = alaskan("secret", owner=ADA.id), alaskan("shared")
    system.data.announce(
        changed(None, secret),
        changed(secret, {**secret, "name": "renamed"}),
        changed(secret, None),
        changed(None, shared),
    )
    assert [message["kind"] for message in ada.hears("change", 4)] == ["created", "updated", "deleted", "created"]
    assert [message["record"]["name"] for message in ben.hears("change", 1)] == ["shared"]


def test_a_row_that_leaves_is_gone_for_those_who_saw_it_and_a_deleted_one_deleted(system, person):
    ben = person()
    ben.call("subscribe", collection="airports", filter='state = "AK"')
    row = alaskan("leaving")
    system.data.announce(
        changed(None, row), changed(row, {**row, "state": "TX"}), changed({**row, "state": "TX"}, None)
    )
    other = alaskan("dying")
    system.data.announce(changed(None, other), changed(other, None))
    messages = ben.hears("change", 4)
    assert [message["kind"] for message in messages] == ["created", "gone", "created", "deleted"]
    assert (messages[1]["record_id"], messages[3]["record_id"]) == (row["id"], other["id"])


def test_what_was_missed_is_told_by_any_instance_after_a_reconnect(system, person):
    ben = person()
    offset = ben.call("subscribe", collection="airports", filter='state = "AK"')["offset"]
    system.data.announce(changed(None, alaskan("seen")))
    offset = ben.hears("change")[0]["offset"]
    ben.leave()
    system.data.announce(*[changed(None, alaskan(name)) for name in ("missed 1", "missed 2", "missed 3")])
    for instance in (0, 1):
        again = person(instance)
        ack = again.call("subscribe", collection="airports", filter='state = "AK"', offset=offset)
        assert ack["recovered"] is True
        names = [message["record"]["name"] for message in again.hears("change", 3)]
        assert names == ["missed 1", "missed 2", "missed 3"]


def test_an_instance_that_has_just_begun_recovers_from_the_feed(system, person):
    ben = person(0)
    offset = ben.call("subscribe", collection="airports")["offset"]
    system.data.announce(*[changed(None, alaskan(f"row {n}")) for n in range(30)])
    ben.hears("change", 30)
    system.end("api1")
    system.start_instance(1)
    system.await_ready(1)
    again = person(1)
    assert again.call("subscribe", collection="airports", offset=offset)["recovered"] is True
    assert [message["record"]["name"] for message in again.hears("change", 30)] == [f"row {n}" for n in range(30)]


def test_an_offset_of_another_time_recovers_nothing_and_the_present_goes_on(system, person):
    ben = person()
    ack = ben.call("subscribe", collection="airports", offset="no-such-incarnation:" + _partition(system, ben) + ":1")
    assert ack["recovered"] is False
    system.data.announce(changed(None, alaskan("now")))
    ben.hears("change")


def _partition(system, ben) -> str:
    return ben.call("subscribe", collection="airports", filter="false")["offset"].split(":")[1]


def test_the_offset_moves_on_when_nothing_matched(system, person):
    ben = person()
    ack = ben.call("subscribe", collection="airports", filter='state = "HI"')
    system.data.announce(*[changed(None, alaskan("not Hawaiian")) for _ in range(5)])
    number = int(ack["offset"].split(":")[2]) + 5
    eventually(lambda: any(int(m["offset"].split(":")[2]) >= number for m in ben.heard("offset")))
    assert ben.heard("change") == []


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1}, "token_expired"),
        ({"aud": "elsewhere"}, "token_invalid"),
        ({"type": "refresh"}, "token_invalid"),
        ({"kid": "unknown"}, "token_invalid"),
    ],
)
def test_a_token_that_does_not_count_is_refused_with_the_problem(system, claims, code):
    nobody = Person()
    with pytest.raises(socketio.exceptions.ConnectionError):
        nobody.connect(system.url(), token=access_token(nobody.id, **claims))
    assert eventually(lambda: nobody.refusal)["data"]["code"] == code


def test_without_a_token_nobody_is_let_in(system):
    client, refusals = socketio.Client(reconnection=False, handle_sigint=False, request_timeout=60), []
    client.on("connect_error", refusals.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(system.url(), transports=["websocket"], wait_timeout=60)
    assert eventually(lambda: refusals)[0]["data"]["code"] == "token_missing"


def test_a_socket_ends_with_its_token_unless_it_is_renewed(system, person):
    ada, ben = next(filter(None, (two_for(seconds, person) for seconds in (3, 15, 60))))
    assert ada.hears("problem", within=120)[0]["code"] == "token_expired"
    eventually(lambda: not ada.socket.connected)
    assert ben.call("subscribe", collection="airports")


def two_for(seconds: int, person) -> tuple[Person, Person] | None:
    """Two people whose tokens run out so soon, one of whom renews it; None where the machine was too slow for that."""
    soon = clock.now() + timedelta(seconds=seconds)
    try:
        ada, ben = person(exp=soon), person(exp=soon)
        ben.call("authenticate", token=ben.token(exp=clock.now() + timedelta(minutes=10)))
    except socketio.exceptions.SocketIOError:
        return None
    return ada, ben


def test_a_socket_is_not_renewed_by_another_users_token(person):
    ada, ben = person(), person()
    assert ada.refused("authenticate", token=ben.token())["code"] == "another_user"


def test_a_session_that_ends_has_its_sockets_cut(system, person):
    ada, ben = person(0), person(1)
    later = clock.now() + timedelta(minutes=15)
    system.auth.announce(SessionRevoked(user_id=ada.id, session_id=ada.session_id, expires_at=later))
    assert ada.hears("problem")[0]["code"] == "token_revoked"
    again = Person(user_id=ada.id)
    again.session_id = ada.session_id
    with pytest.raises(socketio.exceptions.ConnectionError):
        again.connect(system.url())
    assert ben.call("subscribe", collection="airports")


def test_a_job_is_told_to_its_owner_alone(system, person):
    ada, ben = person(), person()
    job = {"job_id": new_id(), "owner_id": ada.id, "kind": "airports.nearest"}
    system.worker.announce(
        JobChanged(**job, state="running", progress=0.5, message="half way"),
        JobFinished(**job, state="succeeded", problem=None, notify=False),
    )
    half, done = ada.hears("job", 2)
    assert (half["job_id"], half["progress"], half["message"], done["state"]) == (
        job["job_id"],
        0.5,
        "half way",
        "succeeded",
    )
    assert ben.heard("job") == []


def test_a_chat_reaches_the_room_on_every_instance_and_its_history_whoever_comes_late(system, person):
    room, ada, ben = f"room-{new_id()}", person(0), person(1)
    assert ada.call("join", room=room)["history"] == []
    ben.call("join", room=room)
    for text in ("one", "two", "three"):
        ada.call("send", room=room, text=text)
    for one in (ada, ben):
        assert [(m["number"], m["text"]) for m in one.hears("message", 3)] == [(1, "one"), (2, "two"), (3, "three")]
    cleo = person(1)
    ack = cleo.call("join", room=room)
    assert [(m["number"], m["text"], m["author_id"]) for m in ack["history"]] == [
        (1, "one", ada.id),
        (2, "two", ada.id),
        (3, "three", ada.id),
    ]
    ben.leave()
    ada.call("send", room=room, text="four")
    again = person(0)
    assert [m["text"] for m in again.call("join", room=room, after=3)["history"]] == ["four"]
    ada.call("send", room=room, text="five")
    assert [m["text"] for m in again.hears("message")] == ["five"]


def test_a_message_sent_twice_under_one_client_id_is_said_once(person):
    ada, room = person(), f"room-{new_id()}"
    ada.call("join", room=room)
    first = ada.call("send", room=room, text="hello", client_id="c1")
    assert ada.call("send", room=room, text="hello", client_id="c1") == first
    ada.call("send", room=room, text="bye")
    assert [m["number"] for m in ada.hears("message", 2)] == [1, 2]


def test_a_message_over_http_reaches_the_room_and_is_listed(system, person):
    ada, room = person(), f"room-{new_id()}"
    ada.call("join", room=room)
    url, headers = f"{system.url(1)}/v1/realtime/rooms/{room}/messages", {"Authorization": f"Bearer {ada.token()}"}
    for text in ("one", "two", "three"):
        assert requests.post(url, json={"text": text}, headers=headers, timeout=60).status_code == 201
    ada.hears("message", 3)
    page = requests.get(f"{url}?limit=2", headers=headers, timeout=60).json()
    rest = requests.get(f"{url}?limit=2&cursor={page['next']}", headers=headers, timeout=60).json()
    assert [m["text"] for m in page["items"] + rest["items"]] == ["three", "two", "one"]
    assert rest["next"] is None


def test_rules_that_change_count_from_their_place_in_the_stream(system, person):
    ben = person()
    system.data.announce(collection_changed(definition("true", name="ports"), name="ports", change="created"))
    eventually(lambda: "ok" in ben.socket.call("subscribe", {"collection": "ports"}, timeout=60))
    closed = collection_changed(definition(None, name="ports", version=2), name="ports")
    row = {"id": new_id(), "name": "Nome"}
    system.data.announce(
        changed(None, row, collection="ports"), closed, changed(None, {**row, "id": new_id()}, collection="ports")
    )
    ben.hears("refresh")
    system.data.announce(collection_changed(None, name="ports", change="deleted"))
    assert ben.hears("ended")[0]["problem"]["code"] == "collection_removed"
    assert len(ben.heard("change")) == 1


def test_a_flushed_broker_loses_nothing(system, person):
    ben = person()
    ben.call("subscribe", collection="airports", filter='state = "AK"')
    for number in range(60):
        system.data.announce(changed(None, alaskan(f"row {number}")))
        if number % 20 == 10:
            with system.redis.client() as redis:
                redis.flushall()
    messages = ben.hears("change", 60)
    assert [message["record"]["name"] for message in messages] == [f"row {number}" for number in range(60)]


def test_a_web_page_of_elsewhere_may_not_open_sockets(system):
    answer = requests.get(
        f"{system.url()}/socket.io/?EIO=4&transport=polling", headers={"Origin": "http://elsewhere.test"}, timeout=60
    )
    assert answer.status_code == 400
