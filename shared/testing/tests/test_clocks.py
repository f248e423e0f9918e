"""The clock that all but stands."""

from datetime import timedelta

from shared import clock
from shared.testing.clocks import standing


def test_no_two_looks_are_the_same_and_a_million_are_a_second():
    with standing():
        looks = [clock.now() for _ in range(1000)]
    assert looks == sorted(set(looks))
    assert looks[-1] - looks[0] < timedelta(milliseconds=1)


def test_it_may_stand_later_and_later_still():
    outside = clock.now()
    with standing(later=timedelta(hours=1)):
        assert clock.now() >= outside + timedelta(hours=1)
        with standing(later=timedelta(hours=1)):
            assert clock.now() >= outside + timedelta(hours=2)
