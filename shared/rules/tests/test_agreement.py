"""A rule means the same in Python, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.database.engine import open_engine
from shared.rules.tests.rule_texts import rules
from shared.rules.tests.samples import (
    IDS,
    PEOPLE,
    TABLE,
    Someone,
    as_sent,
    as_text,
    by_database,
    by_predicate,
    filled,
    records,
)


@pytest.fixture
def connection(database_url):
    engine = open_engine(database_url)
    TABLE.metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_python_and_the_database_agree_on_every_rule(connection):
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(rules, min_size=1, max_size=5), st.lists(records, min_size=1, max_size=12), st.sampled_from(PEOPLE))
    def agree(texts, rows, me):
        with filled(connection, rows):
            for text in texts:
                expected = by_predicate(text, map(as_sent, rows), me)
                assert by_predicate(text, rows, me) == expected
                assert by_database(connection, text, me) == expected

    agree()


EMPTY = dict.fromkeys(TABLE.c.keys()[1:])
FULL = {"t": "b", "n": 1.5, "i": 2, "b": False, "d": datetime(2024, 2, 29, 12, tzinfo=UTC), "r": IDS[0], "j": {"a": 1}}

# rule: whether it holds for a record of nulls, and for FULL
NULL_TABLE = {
    "t = null": (True, False),
    "t != null": (False, True),
    't != "a"': (True, True),
    't = "b"': (False, True),
    't < "c"': (False, True),
    '!(t < "c")': (True, False),
    "t = t2": (True, False),
    "n != n2": (False, True),
    "i >= i2": (False, False),
    "!(i >= i2)": (True, True),
    "b": (False, False),
    "!b": (True, True),
    "b = false": (False, True),
    "b != true": (True, True),
    "j = null": (True, False),
    "i in []": (False, False),
    "!(i in [])": (True, True),
    "i in [null]": (True, False),
    "i in [2, null]": (True, True),
    "!(i in [2])": (True, False),
    "i in [2.5, 2.0]": (False, True),
    'd in ["2024-02-29T13:00:00+01:00"]': (False, True),
    "r = @me.id": (False, True),
    'r = "no id"': (False, False),
    'r != "no id"': (True, True),
    '@me.role = "user"': (True, True),
    '@me.role in ["admin", "editor"]': (False, False),
    "null = null": (True, True),
    "1 < 1.5 && true": (True, True),
}


def test_null_is_a_value_like_any_other_but_has_no_order(connection):
    rows, me = [EMPTY, EMPTY | FULL], Someone(IDS[0], "user")
    expected = {text: {row for row in (0, 1) if holds[row]} for text, holds in NULL_TABLE.items()}
    assert {text: by_predicate(text, rows, me) for text in NULL_TABLE} == expected
    with filled(connection, rows):
        assert {text: by_database(connection, text, me) for text in NULL_TABLE} == expected


def test_the_anonymous_have_a_null_id_and_a_null_role(connection):
    with filled(connection, [EMPTY, EMPTY | FULL]):
        assert by_database(connection, "@me.id = null && @me.role = null", None) == {0, 1}
        assert by_database(connection, "@me.id != null && r = @me.id", None) == set()
        assert by_database(connection, "r = @me.id", None) == {0}


def test_text_is_ordered_by_code_point_and_not_by_any_language(connection):
    ascending = ["", " ", "B", "a", "a ", "aa", "e\u0301", "z", "é", "\ue000", "\uffff", "😀"]
    with filled(connection, [EMPTY | {"t": text} for text in ascending]):
        for number, text in enumerate(ascending):
            assert by_database(connection, f't < "{text}"', None) == set(range(number))


def test_integers_above_2_to_the_53_keep_apart_and_meet_only_as_doubles(connection):
    rows = [EMPTY | {"i": 2**53, "n": 2.0**53}, EMPTY | {"i": 2**53 + 1, "n": 2.0**53}]
    for text, expected in [
        (f"i = {2**53 + 1}", {1}),
        (f"i > {2**53}", {1}),
        (f"i = {2**53}.0", {0, 1}),
        ("i = n", {0, 1}),
        (f"n = {2**53 + 1}", {0, 1}),
    ]:
        with filled(connection, rows):
            assert by_database(connection, text, None) == expected
        assert by_predicate(text, rows, None) == expected


def test_a_stored_json_null_is_null(connection):
    with filled(connection, [EMPTY | {"j": None}, EMPTY | {"j": "null"}]):
        assert by_database(connection, "j = null", None) == {0}


def test_a_text_is_only_ever_a_bound_value(connection):
    attacks = ["'; drop table samples; --", '" or 1=1 --', "\\'; select 1", "%(t)s :t ?", "${t}", "%s", "1) or (1=1"]
    with filled(connection, [EMPTY | {"t": text} for text in attacks]):
        for number, text in enumerate(attacks):
            assert by_database(connection, f"t = {as_text(text)}", None) == {number}


def test_the_one_who_asks_is_only_ever_a_bound_value(connection):
    attack = Someone("' or '1'='1", "' or '1'='1")
    with filled(connection, [EMPTY | FULL]):
        assert by_database(connection, "r = @me.id || t = @me.id || t = @me.role", attack) == set()


def test_the_longest_rule_is_within_what_the_databases_take(connection):
    rule = "i=n||" * 399 + "i=1"
    with filled(connection, [EMPTY | {"i": 1}, EMPTY | {"i": 2, "n": 1.0}]):
        assert by_database(connection, rule, None) == {0}
