"""Cron expressions: when is next?"""

from datetime import UTC, datetime

import pytest

from services.worker.cron import Cron

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", "2026-03-14T15:10"),
        ("*/15 * * * *", "2026-03-14T15:15"),
        ("9 15 * * *", "2026-03-15T15:09"),
        ("0 3 * * *", "2026-03-15T03:00"),
        ("30 8-10/2 * * 1-5", "2026-03-16T08:30"),
        ("0 0 1,20 * *", "2026-03-20T00:00"),
        ("0 0 * * 7", "2026-03-15T00:00"),
        ("0 0 20 * 1", "2026-03-16T00:00"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("5/20 * * * *", "2026-03-14T15:25"),
    ],
)
def test_the_next_time_is_the_first_that_matches(text, expected):
    assert Cron.parse(text).next_after(NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "* * * *", "60 * * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "a * * * *"])
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ValueError):
        Cron.parse(text)


def test_a_day_that_never_comes_is_refused():
    with pytest.raises(ValueError, match="no day"):
        Cron.parse("0 0 30 2 *").next_after(NOW)
