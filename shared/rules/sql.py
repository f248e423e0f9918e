"""Compiles a rule to a SQL condition that means the same on SQLite and PostgreSQL."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Double, and_, cast, false, not_, or_, true

from shared.rules.checking import resolve
from shared.rules.conditions import Condition, against_constant, between_columns, kind_of_type, listed
from shared.rules.kinds import Kind
from shared.rules.operators import HOLDS, MIRRORED
from shared.rules.predicate import Asker
from shared.rules.tree import All, Any, Comparison, Field, Literal, Me, Membership, Node, Not, Rule, Value


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
