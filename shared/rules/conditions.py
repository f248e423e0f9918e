"""Comparisons with columns as SQL conditions that are true or false, never null, on SQLite and PostgreSQL alike."""

import re

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    DateTime,
    Float,
    Integer,
    String,
    Text,
    Uuid,
    and_,
    cast,
    false,
    literal,
    not_,
    null,
    or_,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from shared.rules.collation import by_code_point
from shared.rules.kinds import Kind
from shared.rules.operators import ORDERS

Condition = ColumnElement[bool]

UUID_TEXT = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KIND_OF_TYPE = (
    (Boolean, Kind.BOOLEAN),
    (Integer, Kind.INTEGER),
    (Float, Kind.DOUBLE),
    (DateTime, Kind.INSTANT),
    (JSON, Kind.JSON),
    (Uuid, Kind.ID),
    (String, Kind.TEXT),
)


def kind_of_type(type_: TypeEngine) -> Kind:
    """What a column of this type is compared as; TypeError for a type that the language doesn't have."""
    plain = type_.impl_instance if isinstance(type_, TypeDecorator) else type_
    for known, kind in KIND_OF_TYPE:
        if isinstance(plain, known):
            return kind
    raise TypeError(f"A rule can't read a column of type {type_!r}.")


def between_columns(operator: str, left: ColumnElement, right: ColumnElement) -> Condition:
    """Two columns compared."""
    left, right = in_code_points(left), in_code_points(right)
    if operator == "=":
        return left.is_not_distinct_from(right)
    if operator == "!=":
        return left.is_distinct_from(right)
    return and_(ORDERS[operator](left, right), left.is_not(null()), right.is_not(null()))


def against_constant(operator: str, column: ColumnElement, constant: object) -> Condition:
    """A column compared with a value that is known; plain operators beside IS NOT NULL, so that an index serves."""
    if operator == "!=":
        return not_(against_constant("=", column, constant))
    if constant is None:
        return is_null(column) if operator == "=" else false()
    if operator == "=":
        return listed(column, [constant])
    ordered = ORDERS[operator](in_code_points(column), literal(constant, column.type))
    return and_(ordered, column.is_not(null()))


def listed(column: ColumnElement, constants: list[object]) -> Condition:
    """Whether a column has one of these non-null values."""
    if kind_of_type(column.type) is Kind.ID:  # another text can't be bound as a UUID, and no row has it
        constants = [constant for constant in constants if UUID_TEXT.fullmatch(constant)]
    if not constants:
        return false()
    if len(constants) == 1:
        return and_(column == literal(constants[0], column.type), column.is_not(null()))
    return and_(column.in_(constants), column.is_not(null()))


def is_null(column: ColumnElement) -> Condition:
    """Whether a column is null; a JSON null is one too."""
    if kind_of_type(column.type) is Kind.JSON:
        return or_(column.is_(null()), cast(column, Text()) == literal("null", Text()))
    return column.is_(null())


def in_code_points(column: ColumnElement) -> ColumnElement:
    """A text column ordered by code point; any other column as it is."""
    return by_code_point(column) if kind_of_type(column.type) is Kind.TEXT else column
