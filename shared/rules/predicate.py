"""Compiles a rule to a Python predicate over a record and the one who asks."""

from collections.abc import Callable, Mapping
from typing import Protocol

from shared.rules.checking import kinds_of, resolve
from shared.rules.instants import as_instant
from shared.rules.kinds import FieldType, Kind
from shared.rules.operators import HOLDS, MIRRORED, ORDERS
from shared.rules.tree import All, Any, Comparison, Field, Literal, Me, Membership, Node, Not, Rule, Value


class Asker(Protocol):
    """Who asks: an identity with an id and a role."""

    id: str
    role: str


Record = Mapping[str, object]
Predicate = Callable[[Record, Asker | None], bool]
Getter = Callable[[Record, Asker | None], object]


def to_predicate(rule: Rule, fields: Mapping[str, FieldType]) -> Predicate:
    """A function of (record, me) that says whether the rule holds, exactly as its SQL does.

    A missing key is null; a file may be its id or the object, with that id, as which a record shows it."""
    return _compile(resolve(rule, kinds_of(fields)))


def _compile(node: Node) -> Predicate:
    match node:
        case Comparison():
            return _comparison(node)
        case Membership(value=value, members=members):
            get, values = _getter(value), frozenset(member.value for member in members)
            return lambda record, me: get(record, me) in values
        case Not(part=part):
            inner = _compile(part)
            return lambda record, me: not inner(record, me)
        case All(parts=parts):
            return _all(tuple(map(_compile, parts)))
        case Any(parts=parts):
            return _any(tuple(map(_compile, parts)))


def _all(parts: tuple[Predicate, ...]) -> Predicate:
    if len(parts) == 2:
        first, second = parts
        return lambda record, me: first(record, me) and second(record, me)

    def holds(record: Record, me: Asker | None) -> bool:
        for part in parts:  # noqa: SIM110 - a generator costs twice as much here
            if not part(record, me):
                return False
        return True

    return holds


def _any(parts: tuple[Predicate, ...]) -> Predicate:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda record, me: first(record, me) or second(record, me)

    def holds(record: Record, me: Asker | None) -> bool:
        for part in parts:  # noqa: SIM110 - a generator costs twice as much here
            if part(record, me):
                return True
        return False

    return holds


def _comparison(node: Comparison) -> Predicate:
    if isinstance(node.right, Literal):
        return _against(_getter(node.left), node.operator, node.right.value)
    if isinstance(node.left, Literal):
        return _against(_getter(node.right), MIRRORED[node.operator], node.left.value)
    left, right, holds = _getter(node.left), _getter(node.right), HOLDS[node.operator]
    return lambda record, me: holds(left(record, me), right(record, me))


def _against(get: Getter, operator: str, constant: object) -> Predicate:
    """A comparison with a constant, the commonest one, without a call that it does not need."""
    if operator == "=":
        return lambda record, me: get(record, me) == constant
    if operator == "!=":
        return lambda record, me: get(record, me) != constant
    compare = ORDERS[operator]
    return lambda record, me: (value := get(record, me)) is not None and compare(value, constant)


def _getter(value: Value) -> Getter:
    match value:
        case Literal(value=constant):
            return lambda record, me: constant
        case Me(attribute="id"):
            return lambda record, me: None if me is None else me.id
        case Me(attribute="role"):
            return lambda record, me: None if me is None else me.role
        case Field(name=name, kind=Kind.DOUBLE):
            return lambda record, me: None if (number := record.get(name)) is None else float(number)
        case Field(name=name, kind=Kind.ID):
            return lambda record, me: file["id"] if type(file := record.get(name)) is dict else file
        case Field(name=name, kind=Kind.INSTANT):
            return lambda record, me: as_instant(record.get(name))
        case Field(name=name):
            return lambda record, me: record.get(name)
