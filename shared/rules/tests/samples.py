"""A table with every type of field on both databases, records to fill it, and rules to ask it."""

import json
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, Connection, Double, Integer, MetaData, Table, Text, insert, select

from shared.database import Id, JsonDocument, Timestamp
from shared.rules import FieldType, parse, to_predicate, to_sql

FIELDS = {
    "t": FieldType.TEXT,
    "t2": FieldType.TEXT,
    "n": FieldType.NUMBER,
    "n2": FieldType.NUMBER,
    "i": FieldType.INTEGER,
    "i2": FieldType.INTEGER,
    "b": FieldType.BOOL,
    "b2": FieldType.BOOL,
    "d": FieldType.DATETIME,
    "d2": FieldType.DATETIME,
    "r": FieldType.RELATION,
    "f": FieldType.FILE,
    "j": FieldType.JSON,
}
COLUMN_TYPES = {
    FieldType.TEXT: Text(),
    FieldType.NUMBER: Double(),
    FieldType.INTEGER: BigInteger(),
    FieldType.BOOL: Boolean(),
    FieldType.DATETIME: Timestamp(),
    FieldType.RELATION: Id,
    FieldType.FILE: Id,
    FieldType.JSON: JsonDocument,
}
TABLE = Table(
    "samples",
    MetaData(),
    Column("row", Integer, primary_key=True),
    *(Column(name, COLUMN_TYPES[type_]) for name, type_ in FIELDS.items()),
)
COLUMNS = {name: TABLE.c[name] for name in FIELDS}


@dataclass(frozen=True)
class Someone:
    """The one who asks."""

    id: str
    role: str


IDS = ["0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001", "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0002"]
PEOPLE = [None, Someone(IDS[0], "user"), Someone(IDS[1], "admin"), Someone("not a uuid", "user")]

storable = st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
texts = st.sampled_from(["", "a", "A", "aa", "ä", "z", "Z", "é", "e\u0301", "\uffff", "😀", " ", "a ", "user", *IDS])
numbers = st.sampled_from([0.0, -0.0, 0.1, 0.1 + 0.2, 0.3, 1.0, -1.5, 2.0**53, 2.0**53 + 2, 2.0**63, 1e308, -5e-324])
integers = st.sampled_from([0, 1, -1, 2, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
instants = st.sampled_from(
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(987, 6, 5, 4, 3, 2, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2024, 2, 29, 12, tzinfo=UTC),
        datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 12, 0, 0, 100000, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
)
VALUES = {
    FieldType.TEXT: texts | st.text(storable, max_size=3),
    FieldType.NUMBER: numbers | st.floats(allow_nan=False, allow_infinity=False),
    FieldType.INTEGER: integers | st.integers(-(2**63), 2**63 - 1),
    FieldType.BOOL: st.booleans(),
    FieldType.DATETIME: instants | st.datetimes(timezones=st.just(UTC)),
    FieldType.RELATION: st.sampled_from(IDS),
    FieldType.FILE: st.sampled_from(IDS),
    FieldType.JSON: st.sampled_from([{}, [], 0, False, "null", {"a": None}]),
}

records = st.fixed_dictionaries({name: st.none() | VALUES[type_] for name, type_ in FIELDS.items()})


def as_sent(record: dict) -> dict:
    """The record as an event carries it: times are RFC 3339 texts, files are objects."""
    sent = {
        name: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
        for name, value in record.items()
    }
    return sent | {"f": record["f"] and {"id": record["f"], "name": "photo.jpg"}}


def by_predicate(text: str, rows: Iterable[dict], me: Someone | None) -> set[int]:
    """The numbers of the records for which the rule holds in Python."""
    holds = to_predicate(parse(text), FIELDS)
    return {number for number, row in enumerate(rows) if holds(row, me)}


@contextmanager
def filled(connection: Connection, rows: list[dict]):
    """The table with just these rows in it, for a while."""
    with connection.begin() as transaction:
        connection.execute(insert(TABLE), [{"row": number, **row} for number, row in enumerate(rows)])
        yield
        transaction.rollback()


def by_database(connection: Connection, text: str, me: Someone | None) -> set[int]:
    """The numbers of the rows for which the rule holds in SQL, once it is sure that its negation takes all others."""
    condition = to_sql(parse(text), COLUMNS, me)
    taken = set(connection.scalars(select(TABLE.c.row).where(condition)))
    others = set(connection.scalars(select(TABLE.c.row).where(~condition)))
    assert taken.isdisjoint(others)
    assert taken | others == set(connection.scalars(select(TABLE.c.row)))
    return taken


def as_text(value: object) -> str:
    """A value as a rule writes it."""
    if isinstance(value, datetime):
        return f'"{value.isoformat()}"'
    return repr(value) if isinstance(value, float) else json.dumps(value)
