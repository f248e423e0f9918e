"""The time told in texts, and told by a test."""

from datetime import UTC, datetime, timedelta, timezone

from shared import clock


def test_times_are_told_so_that_their_texts_sort():
    new_year = datetime(2024, 1, 1, tzinfo=UTC)
    texts = [clock.rfc3339(new_year + timedelta(seconds=seconds)) for seconds in (-1, 0, 0.000001, 10)]
    assert texts == sorted(texts)
    assert texts[1] == "2024-01-01T00:00:00.000000Z"


def test_times_elsewhere_are_told_in_utc():
    assert clock.rfc3339(datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == "2024-01-01T00:00:00.000000Z"


def test_a_test_may_say_what_time_it_is_and_the_time_goes_on_after_it():
    then = datetime(2024, 1, 1, tzinfo=UTC)
    with clock.told_by(lambda: then):
        assert clock.now() == then
    assert clock.now() > then
