"""When a consumer asks a feed: as soon as something may be missing, and not while the broker brings everything."""

import pytest

from shared.bus.consuming.watch import ASK_SECONDS, REPORT_SECONDS, STALE_SECONDS, SourceWatch
from shared.bus.transport import LastNumbers


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock) -> SourceWatch:
    """One that has asked just now and has been answered."""
    watch = SourceWatch(clock)
    watch.asked(is_answered=True, is_more=False)
    clock.now += ASK_SECONDS
    return watch


def tell(watch: SourceWatch, clock: Clock, numbers: dict[int, int], incarnation: str = "i1") -> None:
    watch.tell(LastNumbers(incarnation, numbers, str(clock.now)))


def test_nothing_is_asked_while_the_last_numbers_are_reached(watch, clock):
    for _ in range(20):
        tell(watch, clock, {0: 5, 1: 7})
        assert not watch.is_due({0: ("i1", 5), 1: ("i1", 7)})
        clock.now += 1


def test_a_report_is_due_though_nothing_is_missing(watch, clock):
    clock.now += REPORT_SECONDS
    tell(watch, clock, {0: 5})
    assert watch.is_due({0: ("i1", 5)})


def test_numbers_that_nobody_refreshes_are_not_believed(watch, clock):
    tell(watch, clock, {0: 5})
    clock.now += STALE_SECONDS
    assert watch.is_due({0: ("i1", 5)})


def test_what_the_broker_does_not_bring_within_a_second_is_asked_for(watch, clock):
    tell(watch, clock, {0: 6})
    assert not watch.is_due({0: ("i1", 5)})
    clock.now += ASK_SECONDS
    assert watch.is_due({0: ("i1", 5)})


def test_a_partition_that_stands_still_is_noticed_beside_one_that_moves(watch, clock):
    asked = []
    for number in range(12):  # partition 0 goes on all the time, an entry of partition 1 is lost
        tell(watch, clock, {0: number + 1, 1: 8})
        asked.append(watch.is_due({0: ("i1", number), 1: ("i1", 7)}))
        clock.now += ASK_SECONDS / 5
    assert any(asked)


def test_a_source_that_begins_a_new_incarnation_is_asked(watch, clock):
    tell(watch, clock, {0: 5}, "i2")
    assert not watch.is_due({0: ("i1", 5)})
    clock.now += ASK_SECONDS
    assert watch.is_due({0: ("i1", 5)})
