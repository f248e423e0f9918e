"""Where an instance stands: doubles, gaps, swaps and new incarnations."""

from services.realtime.live.memory import Memory
from services.realtime.live.records import change_in
from services.realtime.live.tracks import Track
from services.realtime.tests.making import AIRPORTS, Outbox, entry, record_changed


def numbered(*numbers, incarnation="one"):
    return [entry(record_changed(None, {"id": "r1"}), n, incarnation=incarnation) for n in numbers]


def begun(number=0) -> Track:
    track = Track("data")
    track.incarnation, track.numbers = "one", {AIRPORTS: number}
    return track


def taken(track, entries):
    return [one.number for one in track.following(entries)]


def test_entries_are_passed_on_once_and_in_order():
    track = begun()
    assert taken(track, numbered(2, 1, 1, 3, 2)) == [1, 2, 3]
    assert taken(track, numbered(2, 3)) == []


def test_nothing_is_passed_on_beyond_a_gap_until_it_is_filled():
    track, late = begun(), numbered(3, 4)
    assert taken(track, [*numbered(1), *late]) == [1]
    assert track.is_ahead(late)
    assert taken(track, numbered(2, 3, 4)) == [2, 3, 4]
    assert not track.is_ahead(late)


def test_entries_of_another_incarnation_are_not_passed_on():
    track, others = begun(), numbered(1, 2, incarnation="two")
    assert taken(track, others) == []
    assert track.is_ahead(others)


def test_a_track_begins_at_the_last_numbers():
    outbox, track = Outbox(), Track("data")
    for _ in range(3):
        outbox.add(record_changed(None, {"id": "r1"}))
    track.begin(outbox.ask(incarnation=None, numbers={}))
    assert (track.is_begun, track.number(AIRPORTS), track.number(AIRPORTS + 1)) == (True, 3, 0)


def test_a_new_incarnation_that_joins_on_breaks_nothing():
    outbox, track = Outbox(incarnation="two", earlier={"one"}), begun(0)
    answer = outbox.ask(incarnation="one", numbers=track.numbers)
    assert track.is_moved_by(answer)
    assert track.adopt(answer) == set()
    assert track.incarnation == "two"


def test_numbers_that_a_new_incarnation_made_void_break_their_partition():
    outbox, track = Outbox(incarnation="two", earlier={"one"}), begun(7)
    assert track.adopt(outbox.ask(incarnation="one", numbers=track.numbers)) == {AIRPORTS}
    assert track.number(AIRPORTS) == 0


def test_events_that_are_gone_at_the_source_break_their_partition():
    outbox, track = Outbox(oldest=3), begun(1)
    for _ in range(4):
        outbox.add(record_changed(None, {"id": "r1"}))
    answer = outbox.ask(incarnation="one", numbers=track.numbers)
    assert track.is_moved_by(answer) and track.adopt(answer) == {AIRPORTS}
    assert track.number(AIRPORTS) == 2


def remember(memory, *numbers):
    for one in numbered(*numbers):
        memory.keep(change_in(one))


def known(memory, number, limit=100):
    found = memory.after(number, limit)
    return found and [change.offset.number for change in found]


def test_memory_gives_what_came_after_a_number():
    memory = Memory(5)
    remember(memory, 6, 8, 9)
    assert known(memory, 6) == [8, 9]
    assert known(memory, 5, limit=2) == [6, 8]
    assert memory.after(9, 100) == []


def test_memory_does_not_speak_of_what_it_has_forgotten():
    memory = Memory(5, max_changes=2)
    remember(memory, 6, 7, 8)
    assert known(memory, 6) == [7, 8]
    assert memory.after(5, 100) is None


def test_memory_forgets_by_size_as_well():
    memory = Memory(0, max_bytes=1)
    remember(memory, 1)
    assert memory.floor == 1


def test_an_incarnation_that_the_source_does_not_know_breaks_every_partition():
    outbox, track = Outbox(incarnation="two"), begun(0)
    assert track.adopt(outbox.ask(incarnation="one", numbers=track.numbers)) == set(outbox.last())
