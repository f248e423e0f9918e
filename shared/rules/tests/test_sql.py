"""The SQL that a rule becomes."""

import pytest
from sqlalchemy import Column, LargeBinary
from sqlalchemy.dialects import postgresql, sqlite

from shared.rules import RuleUnknownField, parse, to_sql
from shared.rules.tests.samples import COLUMNS


def sql_of(text: str, dialect) -> str:
    return str(to_sql(parse(text), COLUMNS, None).compile(dialect=dialect))


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_no_value_of_a_rule_stands_in_the_statement(dialect):
    statement = sql_of('t = "secret" && i > 4242 && n in [4.25, 42.42] && d < "2024-02-29T12:00:00Z" && b', dialect)
    assert not any(value in statement for value in ["secret", "42", "2024"])


def test_an_equality_is_written_so_that_an_index_serves_it():
    assert "samples.t = " in sql_of('t = "AK"', postgresql.dialect())


def test_postgres_is_told_to_order_text_by_code_point():
    assert 'COLLATE "C"' in sql_of('t < "AK"', postgresql.dialect())


def test_a_name_that_is_not_among_the_columns_is_refused():
    with pytest.raises(RuleUnknownField):
        sql_of("row = 1", sqlite.dialect())


def test_a_column_of_a_foreign_type_is_an_error_of_the_caller():
    with pytest.raises(TypeError, match="LargeBinary"):
        to_sql(parse("x = 1"), {"x": Column("x", LargeBinary())}, None)
