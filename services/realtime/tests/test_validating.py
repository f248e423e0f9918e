"""What of an outside event's data is checked beyond the library's own words, and at what cost."""

import pytest

from services.realtime.outside.validating import validator_of

UNIQUE = validator_of({"uniqueItems": True})


@pytest.mark.parametrize("items", [[1, 1.0], [0, -0.0], ["a", "a"], [[], []], [None, None], [{"a": [1]}, {"a": [1.0]}]])
def test_equal_items_are_found(items):
    assert [error.validator for error in UNIQUE.iter_errors(items)] == ["uniqueItems"]


@pytest.mark.parametrize("items", [[], [1, True], [0, False], ["1", 1], [1, 1.5], [1e300, 1e301], [{"a": 1}, {"b": 1}]])
def test_items_that_differ_are_unique(items):
    assert UNIQUE.is_valid(items)
    assert validator_of({"uniqueItems": False}).is_valid([*items, *items])


def test_a_list_takes_no_longer_than_its_length():
    assert UNIQUE.is_valid([{"number": number} for number in range(50_000)])  # each with each, it would take an hour


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("regex", "a{99999999999}"),
        ("regex", "("),
        ("date", "2024-02-30"),
        ("date-time", "2024-02-29T12:00:00"),
        ("time", "12:00"),
        ("uri", "no scheme"),
    ],
)
def test_a_text_that_is_not_of_its_format_is_refused(format_, text):
    assert [error.validator for error in validator_of({"format": format_}).iter_errors(text)] == ["format"]
