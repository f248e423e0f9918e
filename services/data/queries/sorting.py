"""The order of a list, and where a page of it begins: the same rows in the same order on both databases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, and_, bindparam, false, or_, select, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import UnaryExpression

from services.data.errors import CursorRefused, SortInvalid
from services.data.schema.fields import MAX_TEXT, FieldDefinition
from services.data.schema.snapshots import Collection, Schema
from services.data.schema.steadiness import rows_under
from services.data.values.checking import check, is_id
from services.data.values.shaping import as_json
from shared.rules import FieldType

MAX_KEYS = 3
LONGEST_POSITION = 1_200
UNSORTABLE = frozenset({FieldType.JSON, FieldType.FILE})


@dataclass(frozen=True)
class SortKey:
    """One column of an order; nulls come before everything, and so last when descending."""

    column: Column
    type: FieldType
    is_descending: bool

    def clause(self) -> UnaryExpression:
        order = self.column.desc() if self.is_descending else self.column.asc()
        if not self.column.nullable:
            return order
        return order.nulls_last() if self.is_descending else order.nulls_first()

    def equal(self, value: Any) -> ColumnElement[bool]:
        return self.column.is_(None) if value is None else self.column == self._bound(value)

    def after(self, value: Any) -> ColumnElement[bool]:
        """The rows that come after those with this value."""
        if value is None:
            return false() if self.is_descending else self.column.is_not(None)
        if not self.is_descending:
            return self.column > self._bound(value)
        less = self.column < self._bound(value)
        return or_(less, self.column.is_(None)) if self.column.nullable else less

    def not_before(self, value: Any) -> ColumnElement[bool]:
        """The rows with this value and those after them: a range that an index can serve."""
        if value is None:
            return self.column.is_(None) if self.is_descending else true()
        if not self.is_descending:
            return self.column >= self._bound(value)
        less = self.column <= self._bound(value)
        return or_(less, self.column.is_(None)) if self.column.nullable else less

    def read(self, value: Any) -> Any:
        """A cursor's JSON value as the column's; ValueError for what can't be one."""
        if value is None and self.column.nullable:
            return None
        if self.type is FieldType.RELATION and not is_id(value):
            raise ValueError("no id")
        return check(FieldDefinition.model_construct(name=self.column.name, type=self.type, max_length=MAX_TEXT), value)

    def _bound(self, value: Any):
        return bindparam(None, value, self.column.type, unique=True)


class Order:
    """An order that a client asked for, made total by the id."""

    def __init__(self, collection: Collection, text: str | None):
        self.collection = collection
        self.keys = [_key(collection, part.strip()) for part in text.split(",")] if text else []
        names = [key.column.name for key in self.keys]
        if len(names) > MAX_KEYS or len(set(names)) < len(names):
            raise _problem(f"A list is sorted by at most {MAX_KEYS} different fields.")
        if "id" not in names:
            self.keys.append(SortKey(collection.table.c.id, FieldType.RELATION, is_descending=False))

    def clauses(self) -> list[UnaryExpression]:
        """What stands in ORDER BY."""
        return [key.clause() for key in self.keys]

    def position(self, row: Mapping[str, Any]) -> list[Any]:
        """Where a row stands in this order, as JSON for a cursor; by its id alone where that would be too long."""
        values = [as_json(row[key.column.name]) for key in self.keys]
        return values if len(orjson.dumps(values)) <= LONGEST_POSITION else [row["id"]]

    def resolve(
        self, session: Session, schema: Schema, position: Sequence[Any], listed: ColumnElement[bool]
    ) -> Sequence[Any]:
        """A position with all its values; CursorRefused where it was an id alone and that record is not listed."""
        if len(position) == len(self.keys):
            return position
        table, found = self.collection.table, []
        if len(position) == 1 and is_id(position[0]):
            # Only among what the one who asks may list: where a hidden record stands would tell its values.
            found = rows_under(schema, session, select(table).where(listed, table.c.id == position[0]))
        if not found:
            raise CursorRefused
        row = self.collection.as_row(found[0])
        return [as_json(row[key.column.name]) for key in self.keys]

    def after(self, position: Sequence[Any]) -> ColumnElement[bool]:
        """The rows after a position; CursorRefused where it is none of this order."""
        try:
            values = [key.read(value) for key, value in zip(self.keys, position, strict=True)]
        except (ValueError, TypeError):
            raise CursorRefused from None
        alternatives, same = [], true()
        for key, value in zip(self.keys, values, strict=True):
            alternatives.append(and_(same, key.after(value)))
            same = and_(same, key.equal(value))
        return and_(self.keys[0].not_before(values[0]), or_(*alternatives))


def _key(collection: Collection, text: str) -> SortKey:
    name = text.removeprefix("-")
    type_ = collection.types.get(name)
    if type_ is None or type_ in UNSORTABLE:
        raise _problem(f"{name[:80]!r} is no field that records can be sorted by.")
    return SortKey(collection.table.c[name], type_, text.startswith("-"))


def _problem(detail: str) -> SortInvalid:
    return SortInvalid(detail, errors=[{"pointer": "?sort", "detail": detail}])
