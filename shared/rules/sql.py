"""Compiles a rule to a SQL condition that means the same on SQLite and PostgreSQL."""

import re
from collections.abc import Mapping

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
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
    true,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from shared.rules.checking import resolve
from shared.rules.collation import by_code_point
from shared.rules.kinds import Kind
from shared.rules.operators import HOLDS, MIRRORED, ORDERS
from shared.rules.predicate import Asker
from shared.rules.tree import All, Any, Comparison, Field, Literal, Me, Membership, Node, Not, Rule, Value

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


def to_sql(rule: Rule, columns: Mapping[str, ColumnElement], me: Asker | None) -> Condition:
    """A condition that is true or false, never null, for every row; all values of the rule are bound."""
    return SqlCompiler(columns, me).condition(resolve(rule, ColumnKinds(columns)))


class ColumnKinds(Mapping):
    """What columns are compared as, told from their types when asked for."""

    def __init__(self, columns: Mapping[str, ColumnElement]):
        self.columns = columns

    def __getitem__(self, name: str) -> Kind:
        return kind_of_type(self.columns[name].type)

    def __iter__(self):
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


def kind_of_type(type_: TypeEngine) -> Kind:
    """What a column of this type is compared as; TypeError for a type that the language doesn't have."""
    plain = type_.impl_instance if isinstance(type_, TypeDecorator) else type_
    for known, kind in KIND_OF_TYPE:
        if isinstance(plain, known):
            return kind
    raise TypeError(f"A rule can't read a column of type {type_!r}.")


class SqlCompiler:
    """Walks a resolved tree with the columns and the one who asks at hand."""

    def __init__(self, columns: Mapping[str, ColumnElement], me: Asker | None):
        self.columns, self.me = columns, me

    def condition(self, node: Node) -> Condition:
        match node:
            case Comparison(operator=operator, left=left, right=right):
                return self.comparison(operator, self.value(left), self.value(right))
            case Membership(value=value, members=members):
                return listed(self.value(value), [member.value for member in members])
            case Not(part=part):
                return not_(self.condition(part))
            case All(parts=parts):
                return and_(true(), *map(self.condition, parts))
            case Any(parts=parts):
                return or_(false(), *map(self.condition, parts))

    def value(self, value: Value) -> object:
        """A column where the value is a field, else the constant that it is for the one who asks."""
        match value:
            case Literal(value=constant):
                return constant
            case Me(attribute=attribute):
                return getattr(self.me, attribute, None)
            case Field(name=name, kind=kind):
                column = self.columns[name]
                is_widened = kind is Kind.DOUBLE and kind_of_type(column.type) is Kind.INTEGER
                return cast(column, Double()) if is_widened else column

    def comparison(self, operator: str, left: object, right: object) -> Condition:
        match isinstance(left, ColumnElement), isinstance(right, ColumnElement):
            case True, True:
                return between_columns(operator, left, right)
            case True, False:
                return against_constant(operator, left, right)
            case False, True:
                return against_constant(MIRRORED[operator], right, left)
        return true() if HOLDS[operator](left, right) else false()


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
    if isinstance(column.type, Uuid):  # another text can't be bound as a UUID, and no row has it
        constants = [constant for constant in constants if UUID_TEXT.fullmatch(constant)]
    if not constants:
        return false()
    if len(constants) == 1:
        return and_(column == literal(constants[0], column.type), column.is_not(null()))
    return and_(column.in_(constants), column.is_not(null()))


def is_null(column: ColumnElement) -> Condition:
    """Whether a column is null; a JSON null is one too."""
    if isinstance(column.type, JSON):
        return or_(column.is_(null()), cast(column, Text()) == literal("null", Text()))
    return column.is_(null())


def in_code_points(column: ColumnElement) -> ColumnElement:
    """A text column ordered by code point; any other column as it is."""
    return by_code_point(column) if kind_of_type(column.type) is Kind.TEXT else column
