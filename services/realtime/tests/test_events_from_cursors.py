"""Reading on from a cursor: memory and feeds give the same, what is gone is said, nobody holds up another."""

from dataclasses import replace

import pytest

from services.realtime.errors import LiveNotReady
from services.realtime.live.tracks import Track
from services.realtime.outside import cursors, reading
from services.realtime.outside.cursors import Place
from services.realtime.outside.filters import TypeFilter
from services.realtime.outside.reading import Gap, Reading
from services.realtime.outside.tail import MAX_EVENTS, Tail
from services.realtime.tests.making import AIRPORTS, Outbox, record_changed
from shared.events.worker import JobChanged
from shared.web.pages import InvalidCursor

ALL = TypeFilter(["*"])


class Instance:
    """An instance on a feed of the test's own; events arrive in it by hand."""

    def __init__(self, *outboxes: Outbox):
        self.outboxes = {outbox.source: outbox for outbox in outboxes}
        self.tracks = {outbox.source: Track(outbox.source) for outbox in outboxes}
        self.tail = Tail(self)
        self.reading = Reading(self.tracks, self.tail, self.ask)
        for outbox in outboxes:
            self.tracks[outbox.source].begin(outbox.ask(incarnation=None, numbers={}))
            outbox.questions.clear()

    def ask(self, source: str, **question):
        return self.outboxes[source].ask(source, **question)

    def take(self, _entry) -> int:
        return 0

    def happen(self, source: str = "data", count: int = 1) -> None:
        """So many records are changed, and the instance hears of it."""
        for _ in range(count):
            version = len(self.outboxes[source].entries) + 1
            entry = self.outboxes[source].add(event_of(source, version))
            for following in self.tracks[source].following([entry]):
                self.tail.take(following)

    def versions(self, cursor, *, limit: int = 1000) -> tuple[list[int], dict]:
        step = self.reading.step(cursor, ALL, limit)
        return [version_of(event) for event, _behind in step.events], step.cursor


def event_of(source: str, version: int):
    if source == "data":
        return record_changed(None, {"id": "1"}, version=version)
    return JobChanged(job_id="1", owner_id=None, kind="count", state="running", progress=version)


def version_of(event: dict) -> int:
    return event["data"].get("version") or int(event["data"]["progress"])


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def instance(outbox) -> Instance:
    return Instance(outbox)


def test_at_the_end_no_feed_is_asked(instance, outbox):
    cursor = instance.reading.now()
    instance.happen(count=3)
    versions, cursor = instance.versions(cursor)
    assert versions == [1, 2, 3]
    instance.happen()
    assert instance.versions(cursor)[0] == [4]
    assert outbox.questions == []


def test_every_event_comes_with_the_cursor_behind_it(instance):
    instance.happen(count=5)
    step = instance.reading.step({}, ALL, 3)
    assert len(step.events) == 3
    assert step.is_more
    behind = step.events[1][1]
    assert instance.versions(behind)[0] == [3, 4, 5]


def test_what_memory_has_forgotten_is_read_from_the_feed_and_joins_on(instance, outbox):
    cursor = instance.reading.now()
    instance.happen(count=MAX_EVENTS + 50)
    found = []
    while len(found) < MAX_EVENTS + 50:
        versions, cursor = instance.versions(cursor, limit=70)
        found += versions
    assert found == list(range(1, MAX_EVENTS + 51))
    assert outbox.questions != []


def test_what_is_not_wanted_moves_the_cursor_on(instance):
    cursor = instance.reading.now()
    instance.happen(count=3)
    step = instance.reading.step(cursor, TypeFilter(["auth.*"]), 10)
    assert (step.events, step.cursor["data"].numbers[AIRPORTS]) == ([], 3)


def test_a_window_that_has_passed_is_said(instance, outbox):
    cursor = instance.reading.now()
    instance.happen(count=MAX_EVENTS + 100)
    outbox.oldest = 51
    step = instance.reading.step(cursor, ALL, 10)
    assert step.gaps == [Gap("data", "window_passed")]
    assert step.events[0][0]["data"]["version"] == 51
    assert instance.reading.step(step.cursor, ALL, 10).gaps == []


def test_the_beginning_is_the_window_s_and_no_gap(instance, outbox):
    instance.happen(count=MAX_EVENTS + 100)
    outbox.oldest = 51
    step = instance.reading.step({}, ALL, 10)
    assert step.gaps == []
    assert step.events[0][0]["data"]["version"] == 51


def test_a_source_that_was_restored_is_said(instance, outbox):
    instance.happen(count=3)
    cursor = instance.reading.now()
    outbox.incarnation = "two"
    outbox.entries = [replace(entry, incarnation="two") for entry in outbox.entries]
    instance.tracks["data"].forget()
    step = instance.reading.step(cursor, ALL, 10)
    assert step.gaps == [Gap("data", "restored")]
    assert step.cursor["data"].incarnation == "two"
    assert instance.reading.step(step.cursor, ALL, 10).gaps == []


def test_an_incarnation_that_goes_on_from_the_cursor_is_no_gap(instance, outbox):
    """Every relay that takes over begins one."""
    instance.happen(count=3)
    cursor = instance.reading.now()
    outbox.incarnation, outbox.earlier = "two", {"one"}
    outbox.entries = [replace(entry, incarnation="two") for entry in outbox.entries]
    instance.tracks["data"].forget()
    step = instance.reading.step(cursor, ALL, 10)
    assert step.gaps == []
    assert step.cursor["data"].incarnation == "two"


def test_numbers_that_were_never_given_are_said(instance):
    instance.happen(count=3)
    step = instance.reading.step({"data": Place("one", {AIRPORTS: 900})}, ALL, 10)
    assert step.gaps == [Gap("data", "restored")]
    assert step.cursor["data"].numbers[AIRPORTS] == 3


def test_a_source_that_is_down_holds_up_no_other_and_loses_nothing():
    down, up = Outbox(), Outbox(source="worker")
    instance = Instance(down, up)
    instance.happen("data", MAX_EVENTS + 10)
    instance.happen("worker", 2)
    down.incarnation = None
    step = instance.reading.step({}, ALL, 100)
    assert [version_of(event) for event, _behind in step.events] == [1, 2]
    assert "data" not in step.cursor
    down.incarnation = "one"
    instance.reading._silent_until.clear()
    assert instance.versions(step.cursor)[0][:3] == [1, 2, 3]


def test_a_feed_that_has_just_been_silent_is_left_alone(instance, outbox, monkeypatch):
    monkeypatch.setattr(reading, "FEED_SECONDS", 3600)
    outbox.incarnation = None
    for _ in range(3):
        instance.reading.step({}, ALL, 10)
    assert len(outbox.questions) == 1


def test_a_busy_source_lets_others_through():
    instance = Instance(Outbox(), Outbox(source="worker"))
    cursor = instance.reading.now()
    instance.happen("data", 50)
    instance.happen("worker", 3)
    step = instance.reading.step(cursor, ALL, 6)
    assert step.cursor["worker"].numbers == instance.tracks["worker"].numbers


def test_waiting_ends_when_something_arrives_and_only_then(instance):
    cursor = instance.reading.now()
    instance.happen()
    instance.reading.wait(cursor, 60)  # there is something already
    cursor = instance.reading.now()
    instance.reading.wait(cursor, 0.01)
    assert instance.versions(cursor)[0] == []


def test_now_is_not_known_before_every_source_has_begun(instance):
    instance.tracks["data"].forget()
    with pytest.raises(LiveNotReady):
        instance.reading.now()


def test_a_cursor_is_read_as_it_was_written():
    cursor = {"data": Place("one", {0: 5, 7: 123456789}), "mail": Place()}
    assert cursors.read(cursors.written(cursor)) == cursor


def test_a_cursor_that_is_too_long_is_none():
    with pytest.raises(InvalidCursor):
        cursors.read("W" * (cursors.LONGEST + 1))


@pytest.mark.parametrize(
    ("patterns", "type_", "is_passed"),
    [
        (["auth.user_registered"], "auth.user_registered", True),
        (["auth.*"], "auth.user_registered", True),
        (["auth.*"], "authority.acted", False),
        (["auth.user"], "auth.user_registered", False),
        (["*"], "data.record_changed", True),
        ([], "data.record_changed", False),
    ],
)
def test_a_filter_passes_names_and_families(patterns, type_, is_passed):
    assert TypeFilter(patterns).passes(type_) is is_passed


def test_a_filter_covers_what_is_no_wider_than_itself():
    readable = TypeFilter(["auth.*", "data.record_changed"])
    assert all(readable.covers(one) for one in ("auth.*", "auth.user.*", "auth.user_registered", "data.record_changed"))
    assert not any(readable.covers(one) for one in ("*", "data.*", "data.file_stored", "authority.*"))
