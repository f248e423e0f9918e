"""Traces: what is kept of a traceparent, and where one step ends."""

import pytest

from shared import trace

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_step_keeps_the_trace_and_has_a_span_of_its_own():
    with trace.begin(GIVEN, request_id="r1", actor="users/1", causation="e1") as step:
        assert step.trace_id == "0af7651916cd43dd8448eb211c80319c"
        assert step.parent_id == "b7ad6b7169203331"
        assert trace.traceparent() == f"00-{step.trace_id}-{step.span_id}-01"
        assert (trace.current().actor, trace.current().causation) == ("users/1", "e1")
    assert trace.active() is None


@pytest.mark.parametrize(
    "text", [None, "", "x", GIVEN.upper(), GIVEN[:-1], "ff" + GIVEN[2:], f"00-{'0' * 32}-{'1' * 16}-01"]
)
def test_a_malformed_traceparent_begins_a_new_trace(text):
    with trace.begin(text) as step:
        assert step.trace_id != "0af7651916cd43dd8448eb211c80319c"
        assert step.parent_id is None


def test_a_step_within_a_step_gives_the_outer_one_back():
    with trace.begin(GIVEN) as outer:
        with trace.begin():
            trace.act_as("users/2")
        assert trace.current() == outer
