"""Lists: filtered, sorted and paged alike on both databases."""

import itertools
import random

import pytest

from services.data import errors
from services.data.tests.people import ANC, made, records, rows
from shared.rules import RuleSyntax, RuleTypes, RuleUnknownField
from shared.testing.identity import assert_problem
from shared.web import InvalidCursor, encode_cursor
from shared.web.errors import InvalidQuery

SCORES = {
    "name": "scores",
    "fields": [
        {"name": "who", "type": "text", "indexed": True},
        {"name": "points", "type": "integer", "indexed": True},
        {"name": "ratio", "type": "number"},
        {"name": "good", "type": "bool"},
        {"name": "at", "type": "datetime"},
        {"name": "must", "type": "integer", "required": True, "indexed": True},
        {"name": "more", "type": "json"},
    ],
    "rules": {"list": "true", "view": "true", "create": "true", "update": "true", "delete": "true"},
}


def pages(person, collection: str, **query) -> list[list[dict]]:
    """Every page of a list, one request after the other."""
    found, cursor = [], None
    while True:
        answer = person.lists(collection, **query, **({"cursor": cursor} if cursor else {}))
        found.append(rows(answer))
        cursor = answer.get_json()["next"]
        if cursor is None:
            return found
        assert f"cursor={cursor}" in answer.headers["Link"]


def ids(found) -> list[str]:
    return [row["id"] for row in found]


@pytest.fixture
def scores(admin, ada) -> list[dict]:
    """Records with nulls, ties and texts that locales would sort otherwise, by their ids."""
    made(admin.defines(SCORES))
    chance = random.Random(7)
    whos = ["a", "B", "ä", "Z", "z", "é", "e\u0301", "😀", "", None]
    values = [
        {
            "who": chance.choice(whos),
            "points": chance.choice([None, -1, 0, 3, 2**60]),
            "ratio": chance.choice([None, -0.5, 0.1, 1e300]),
            "good": chance.choice([None, True, False]),
            "at": chance.choice([None, "2024-01-01T00:00:00Z", "1999-12-31T23:59:59.9Z"]),
            "must": chance.choice([1, 2]),
        }
        for _ in range(40)
    ]
    return [made(ada.creates("scores", **one)) for one in values]


def rank(value) -> tuple:
    return (value is not None, 0 if value is None else value)


def in_order(found: list[dict], *keys: str) -> list[str]:
    """The ids as Python sorts them: nulls before everything, texts by code point."""
    found = sorted(found, key=lambda row: row["id"])
    for key in reversed(keys):
        name = key.removeprefix("-")
        found.sort(key=lambda row, name=name: rank(row[name]), reverse=key.startswith("-"))
    return ids(found)


def test_pages_come_in_order_and_each_record_once(ada, scores):
    sorts = ["", "who", "-who", "points,-who", "-points,good,ratio", "at,-ratio", "must,-points", "-must,-at", "-id"]
    for sort in sorts:
        found = pages(ada, "scores", limit=7, **({"sort": sort} if sort else {}))
        assert [len(page) for page in found] == [7, 7, 7, 7, 7, 5]
        assert ids(itertools.chain(*found)) == in_order(scores, *filter(None, sort.split(","))), sort


def test_pages_are_complete_while_others_insert(ada, scores):
    first = ada.lists("scores", limit=15, sort="-points").get_json()
    for _ in range(5):
        made(ada.creates("scores", must=1, points=random.Random(1).choice([5, None, -7])))
    second = ada.lists("scores", limit=500, sort="-points", cursor=first["next"]).get_json()
    seen = ids(first["items"]) + ids(second["items"])
    assert set(ids(scores)) <= set(seen)
    assert len(seen) == len(set(seen))


def test_a_page_goes_on_where_a_record_was_deleted(ada, scores):
    first = ada.lists("scores", limit=10).get_json()
    ada.deletes("scores", first["items"][-1]["id"])
    second = ada.lists("scores", limit=500, cursor=first["next"]).get_json()
    assert ids(first["items"]) + ids(second["items"]) == ids(sorted(scores, key=lambda row: row["id"]))


def test_long_texts_can_be_paged_through(ada, admin):
    admin.defines({**SCORES, "name": "essays", "fields": [{"name": "text", "type": "text"}]})
    texts = [letter * 5000 for letter in "cab"]
    for text in texts:
        made(ada.creates("essays", text=text))
    found = pages(ada, "essays", limit=1, sort="text")
    assert [page[0]["text"][0] for page in found] == ["a", "b", "c"]


def test_a_filter_names_the_records(ada, scores):
    for text, holds in (
        ("points > 0", lambda row: row["points"] is not None and row["points"] > 0),
        ("points = null", lambda row: row["points"] is None),
        ('who in ["a", "z"] && !good', lambda row: row["who"] in ("a", "z") and not row["good"]),
        ("must = 1 || ratio < 0.2", lambda row: row["must"] == 1 or (row["ratio"] is not None and row["ratio"] < 0.2)),
        ('who > "Z"', lambda row: row["who"] is not None and row["who"] > "Z"),
        ("version = 1 && created_at < updated_at", lambda row: False),
        (f'id = "{scores[3]["id"]}"', lambda row: row["id"] == scores[3]["id"]),
    ):
        answer = ada.lists("scores", filter=text, limit=500, count="exact")
        expected = sorted((row for row in scores if holds(row)), key=lambda row: row["id"])
        assert ids(rows(answer)) == ids(expected), text
        assert answer.get_json()["count"] == len(expected)


def test_the_count_is_there_only_when_asked_for(ada, scores):
    assert ada.lists("scores", limit=3, count="exact").get_json()["count"] == 40
    assert "count" not in ada.lists("scores", limit=3).get_json()


def test_only_records_that_the_list_rule_shows_are_listed_and_counted(ada, ben, admin, airports):
    made(ada.creates(airports, **ANC))
    hers = made(ben.creates(airports, **{**ANC, "iata": "FAI"}))
    admin.asks("PATCH", "/v1/data/collections/airports", json={"rules": {"list": "owner = @me.id"}})
    answer = ben.lists(airports, count="exact").get_json()
    assert (answer["items"], answer["count"]) == ([hers], 1)


@pytest.mark.parametrize(
    ("text", "problem", "line", "column"),
    [
        ("points >", RuleSyntax, 1, 9),
        ('who = "a" &&\n  points ~ 3', RuleSyntax, 2, 10),
        ("nothing = 1", RuleUnknownField, 1, 1),
        ('points = "1"', RuleTypes, 1, 8),
        ("x" * 2001, InvalidQuery, None, None),
    ],
)
def test_a_broken_filter_is_refused_with_its_place(ada, admin, text, problem, line, column):
    admin.defines(SCORES)
    assert_problem(ada.lists("scores", filter=text), problem, line=line, column=column)


def test_a_broken_sort_is_refused(ada, admin):
    admin.defines(SCORES)
    for sort in ("nothing", "more", "who,", "-", "who,points,ratio,good", "who,who", "who,-who", "who;drop"):
        assert_problem(ada.lists("scores", sort=sort), errors.SortInvalid)


def test_a_cursor_of_another_list_is_refused(ada, scores):
    other = ada.lists("scores", limit=1, sort="who,points").get_json()["next"]
    gone = encode_cursor("018f3a52-7b5e-7000-8000-000000000000")
    for cursor in (other, "x", "!!", encode_cursor("x", 1), encode_cursor(1, "x"), encode_cursor(None, 1), gone):
        assert_problem(ada.lists("scores", sort="points", cursor=cursor), InvalidCursor)


def test_a_cursor_can_not_tell_where_a_hidden_record_stands(ada, ben, admin):
    admin.defines({**SCORES, "rules": {**SCORES["rules"], "list": "who = @me.id"}})
    hidden = made(ada.creates("scores", who=ada.id, points=500, must=1))
    for points in (400, 600):
        made(ben.creates("scores", who=ben.id, points=points, must=1))
    cursor = encode_cursor(hidden["id"])
    assert_problem(ben.lists("scores", sort="points", cursor=cursor), InvalidCursor)
    assert rows(ada.lists("scores", sort="points", cursor=cursor)) == []


def test_unknown_parameters_and_limits_out_of_range_are_refused(ada, scores):
    for query in ({"limit": 0}, {"limit": 501}, {"limit": "x"}, {"colour": "red"}, {"count": "yes"}):
        assert_problem(ada.lists("scores", **query), InvalidQuery)
    twice = ada.asks("GET", records("scores") + "?sort=who&sort=points")
    assert_problem(twice, InvalidQuery)
