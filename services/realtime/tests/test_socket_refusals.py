"""What sockets are refused: bad input, too much of it, and what only looks like a socket."""

import pytest
import requests

from services.realtime.tests.clients import Person
from shared.testing import eventually

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("event", "body", "code"),
    [
        ("subscribe", {"collection": "harbours"}, "collection_not_found"),
        ("subscribe", {"collection": "airports", "filter": 'state = "AK'}, "rule_syntax"),
        ("subscribe", {"collection": "airports", "filter": "planet = 1"}, "rule_unknown_field"),
        ("subscribe", {"collection": "airports", "filter": "elevation = true"}, "rule_types"),
        ("subscribe", {"collection": "airports", "filter": "x" * 3000}, "body_invalid"),
        ("subscribe", {"collection": "airports", "offset": "yesterday"}, "offset_invalid"),
        ("subscribe", {"collection": 7}, "body_invalid"),
        ("subscribe", {"collection": "airports", "surprise": 1}, "body_invalid"),
        ("unsubscribe", {"subscription": "none"}, "subscription_not_found"),
        ("join", {"room": "../../etc/passwd"}, "body_invalid"),
        ("leave", {"room": "never-joined"}, "room_not_joined"),
        ("send", {"room": "lobby", "text": "x" * 5000}, "body_invalid"),
        ("send", {"room": "lobby", "text": "  "}, "body_invalid"),
        ("send", {"room": "lobby", "text": "a\0b"}, "body_invalid"),
        ("join", {"room": "lobby", "after": 2**63}, "body_invalid"),
        ("dance", {}, "event_unknown"),
    ],
)
def test_bad_input_is_acked_with_its_problem(person, event, body, code):
    assert person().refused(event, **body)["code"] == code


@pytest.mark.parametrize(
    ("method", "query", "status", "code"),
    [
        ("GET", "", 400, "malformed"),
        ("GET", "?EIO=4&transport=polling&sid=unknown", 400, "malformed"),
        ("POST", "?EIO=4&transport=polling", 400, "malformed"),
        ("PUT", "?EIO=4&transport=polling", 405, "method_not_allowed"),
    ],
)
def test_what_is_no_socket_is_refused_with_a_problem(system, method, query, status, code):
    answer = requests.request(method, f"{system.url(0)}/socket.io/{query}", timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("event", ["connect", "disconnect"])
def test_a_client_s_event_that_is_called_like_a_handshake_ends_its_socket(person, event):
    ben = person()
    ben.socket.emit(event, ("x", {"token": Person().token()}))
    assert ben.hears("problem")[0]["code"] == "event_unknown"
    eventually(lambda: not ben.socket.connected)


def test_a_wrong_filter_is_refused_with_line_and_column(person):
    problem = person().refused("subscribe", collection="airports", filter="state = \n = 3")
    assert (problem["line"], problem["column"]) == (2, 2)


def test_a_socket_has_at_most_a_hundred_subscriptions_and_sends_no_faster_than_it_may(person):
    ben, acks = person(), []

    def codes() -> set[str]:
        return {ack["problem"]["code"] for ack in list(acks) if "problem" in ack}

    def is_refused() -> bool:
        """Whether it was at last, having sent more without waiting for answers."""
        before = len(acks)
        for _ in range(100):
            ben.socket.emit("subscribe", {"collection": "airports"}, callback=acks.append)
        eventually(lambda: len(acks) == before + 100)
        return "too_many_events" in codes()

    eventually(is_refused)
    assert sum("ok" in ack for ack in acks) <= 100
