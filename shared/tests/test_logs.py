"""Logs: JSON lines with their trace, and what they never show."""

import io
import json
import logging

import pytest

from shared import logs, trace


@pytest.fixture
def lines():
    written = io.StringIO()
    logs.configure("auth", role="bus", level="INFO", stream=written)
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_says_what_where_and_in_which_trace(lines):
    with trace.begin(request_id="r1") as step:
        logs.get("auth").info("session opened", session_id="s1")
    (line,) = lines()
    assert (line["event"], line["session_id"], line["level"]) == ("session opened", "s1", "info")
    assert (line["service"], line["role"], line["logger"]) == ("auth", "bus", "auth")
    assert (line["trace_id"], line["request_id"]) == (step.trace_id, "r1")


def test_secrets_are_redacted_at_any_depth(lines):
    logs.get("auth").info(
        "x", password="hidden", deep=[{"Authorization": "hidden", "refresh_token": "hidden", "id": 1}]
    )
    (line,) = lines()
    assert "hidden" not in json.dumps(line)
    assert line["deep"][0]["id"] == 1


def test_what_libraries_log_is_json_too(lines):
    logging.getLogger("some.library").warning("it is %s", "late")
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("it is late", "warning", "some.library")


def test_an_exception_is_one_line(lines):
    try:
        raise ValueError("bad")
    except ValueError:
        logs.get("auth").exception("failed")
    (line,) = lines()
    assert "ValueError: bad" in line["exception"]


def test_many_lines_at_once_are_each_a_line_of_their_own_trace(lines):
    logs.many("bus", "event handled", [{"trace_id": f"t{n}", "event_id": f"e{n}", "token": "hidden"} for n in range(3)])
    assert [(line["trace_id"], line["event_id"], line["token"]) for line in lines()] == [
        (f"t{n}", f"e{n}", "[redacted]") for n in range(3)
    ]
    assert {(line["event"], line["level"], line["logger"], line["service"], line["role"]) for line in lines()} == {
        ("event handled", "info", "bus", "auth", "bus")
    }
    assert all(line["at"].endswith("Z") for line in lines())


def test_many_lines_are_left_out_below_the_level(lines):
    logging.getLogger().setLevel("WARNING")
    logs.many("bus", "event handled", [{"event_id": "e1"}])
    assert lines() == []
