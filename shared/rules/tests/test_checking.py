"""Rules that parse but don't fit the collection's fields are refused when they are defined."""

import pytest

from shared.rules import FieldType, RuleTypes, RuleUnknownField, check, parse

FIELDS = {type_.value: type_ for type_ in FieldType}


@pytest.mark.parametrize(
    "text",
    [
        'text = "a" && text < "b" && text = @me.id && text != @me.role',
        "number > 1 && integer <= 2.5 && number = integer && 1 < 1.5",
        "bool && !bool && bool = true && true",
        'datetime > "2024-02-29T12:00:00Z" && "2024-01-01T00:00:00.123456+05:30" <= datetime',
        "json = null && null != json && json in [null]",
        'relation = @me.id && file != "x" && relation = file && @me.id in [relation, "x", null]',
        'text in [] && integer in [1, 2.5, null] && datetime in ["2024-02-29T12:00:00Z", null]',
        "text = null && null = number && @me.id = null",
    ],
)
def test_these_rules_fit_their_fields(text):
    check(parse(text), FIELDS)


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("text = 1", 6, "text can't be compared with integer"),
        ("true && number = bool", 16, "number can't be compared with bool"),
        ("text = relation", 6, "text can't be compared with id"),
        ('json = "x"', 6, "json can't be compared with text"),
        ("json = json", 6, "json can't be compared with json"),
        ("bool < true", 6, "bool has no order"),
        ('relation > "x"', 10, "id has no order"),
        ("text < null", 6, "null has no order"),
        ("text && bool", 1, "may stand alone"),
        ("null", 1, "may stand alone"),
        ('text in ["a", 2]', 6, "text can't be compared with integer"),
        ("datetime = text", 10, "datetime can't be compared with text"),
        ("datetime = @me.role", 10, "datetime can't be compared with text"),
    ],
)
def test_a_mixed_comparison_is_refused_with_its_line_and_column(text, column, words):
    with pytest.raises(RuleTypes) as caught:
        check(parse(text), FIELDS)
    assert (caught.value.line, caught.value.column) == (1, column)
    assert words in caught.value.detail


@pytest.mark.parametrize(
    "literal",
    [
        "yesterday",
        "2024-02-29",
        "2024-02-29T12:00:00",
        "2023-02-29T12:00:00Z",
        "2024-02-29T12:00:60Z",
        "2024-02-29T12:00:00.1234567Z",
        "0001-01-01T00:00:00+01:00",
        "٢٠٢٤-02-29T12:00:00Z",
    ],
)
def test_a_datetime_is_checked_where_it_is_written(literal):
    with pytest.raises(RuleTypes, match="RFC 3339") as caught:
        check(parse(f'datetime > "{literal}"'), FIELDS)
    assert caught.value.column == 12


def test_an_unknown_field_is_refused_with_its_line_and_column():
    with pytest.raises(RuleUnknownField) as caught:
        check(parse("bool ||\n  nope = 1"), FIELDS)
    assert caught.value.to_dict() | {"line": 2, "column": 3, "field": "nope"} == caught.value.to_dict()
    assert (caught.value.status, caught.value.code) == (422, "rule_unknown_field")


def test_fields_may_be_given_by_the_names_of_their_types():
    check(parse("a = 1"), {"a": "integer"})
