"""Checks a rule against the types of its fields and settles what each comparison compares."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby

from shared.rules.errors import RuleTypes, RuleUnknownField
from shared.rules.instants import parse_instant
from shared.rules.kinds import KIND_OF_FIELD, ORDERED, FieldType, Kind
from shared.rules.tree import All, Any, Comparison, Field, Literal, Me, Membership, Node, Not, Place, Rule, Truth, Value

NUMBERS = frozenset({Kind.INTEGER, Kind.DOUBLE})
TEXTS = frozenset({Kind.TEXT, Kind.ID})
KIND_OF_LITERAL = {type(None): Kind.NULL, bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.DOUBLE, str: Kind.TEXT}
KIND_OF_ME = {"id": Kind.ID, "role": Kind.TEXT}


def check(rule: Rule, fields: Mapping[str, FieldType]) -> None:
    """Raises RuleUnknownField or RuleTypes where the rule does not fit these fields."""
    resolve(rule, kinds_of(fields))


def kinds_of(fields: Mapping[str, FieldType]) -> dict[str, Kind]:
    """What the fields of these types are compared as."""
    return {name: KIND_OF_FIELD[FieldType(type_)] for name, type_ in fields.items()}


def resolve(rule: Rule, kinds: Mapping[str, Kind]) -> Node:
    """The rule's tree made of Comparison, Membership of a field in non-null literals, Not, All and Any,
    each with two sides of one kind."""
    return Resolver(kinds).node(rule.root)


class Resolver:
    """Walks a tree with the kinds of the fields at hand."""

    def __init__(self, kinds: Mapping[str, Kind]):
        self.kinds = kinds

    def node(self, node: Node) -> Node:
        match node:
            case Comparison():
                return self.comparison(node)
            case Membership():
                return self.membership(node)
            case Truth(value=value):
                return self.truth(value)
            case Not(part=part):
                return Not(self.node(part))
            case All(parts=parts) | Any(parts=parts):
                return type(node)(tuple(map(self.node, parts)))

    def truth(self, value: Value) -> Comparison:
        if self.kind(value) is not Kind.BOOLEAN:
            raise RuleTypes("only true, false or a bool field may stand alone as a condition.", value.place)
        return self.comparison(Comparison("=", value, Literal(True, value.place), value.place))

    def comparison(self, node: Comparison) -> Comparison:
        kind = self.common_kind(node)
        if node.operator not in ("=", "!=") and kind not in ORDERED:
            raise RuleTypes(f"{kind} has no order; compare it with = or !=.", node.place)
        return replace(node, left=self.as_kind(node.left, kind), right=self.as_kind(node.right, kind))

    def membership(self, node: Membership) -> Node:
        """Each member is compared for itself; those of one kind are gathered again, for one IN each."""
        equals = [self.comparison(Comparison("=", node.value, member, node.place)) for member in node.members]
        return Any(tuple(gathered(equals, node.place)))

    def kind(self, value: Value) -> Kind:
        match value:
            case Literal(value=literal):
                return KIND_OF_LITERAL[type(literal)]
            case Me(attribute=attribute):
                return KIND_OF_ME[attribute]
            case Field(name=name) if name in self.kinds:
                return self.kinds[name]
        raise RuleUnknownField(f"there is no field {value.name}.", value.place, field=value.name)

    def common_kind(self, node: Comparison) -> Kind:
        """What both sides are compared as; RuleTypes where they are of mixed types."""
        left, right = self.kind(node.left), self.kind(node.right)
        for rule in (_same, _null, _number, _text, _instant):
            if kind := rule(node, left, right):
                return kind
        raise RuleTypes(f"{left} can't be compared with {right}.", node.place)

    def as_kind(self, value: Value, kind: Kind) -> Value:
        match value:
            case Field():
                return replace(value, kind=self.kinds[value.name] if kind is Kind.NULL else kind)
            case Literal(value=str(text)) if kind is Kind.INSTANT:
                return replace(value, value=_instant_in(text, value.place))
            case Literal(value=int(number)) if kind is Kind.DOUBLE:
                return replace(value, value=float(number))
        return value


def gathered(equals: list[Comparison], place: Place) -> Iterator[Node]:
    """The comparisons, a run of them between one field and non-null literals made one Membership."""
    for field, run in groupby(equals, key=_field_beside_literal):
        if field is None:
            yield from run
        else:
            yield Membership(field, tuple(comparison.right for comparison in run), place)


def _field_beside_literal(node: Comparison) -> Field | None:
    is_listed = isinstance(node.left, Field) and isinstance(node.right, Literal) and node.right.value is not None
    return node.left if is_listed else None


def _instant_in(text: str, place: Place) -> object:
    try:
        return parse_instant(text)
    except ValueError:
        raise RuleTypes(
            'a datetime is written as in "2024-02-29T12:00:00.5Z": RFC 3339 with an offset and at most six decimals.',
            place,
        ) from None


def _same(node: Comparison, left: Kind, right: Kind) -> Kind | None:
    return left if left is right and left is not Kind.JSON else None


def _null(node: Comparison, left: Kind, right: Kind) -> Kind | None:
    return Kind.NULL if Kind.NULL in (left, right) else None


def _number(node: Comparison, left: Kind, right: Kind) -> Kind | None:
    return Kind.DOUBLE if {left, right} <= NUMBERS else None


def _text(node: Comparison, left: Kind, right: Kind) -> Kind | None:
    # Two fields are left out: an id is a UUID column on PostgreSQL, which has no order or equality with text.
    both_fields = isinstance(node.left, Field) and isinstance(node.right, Field)
    return Kind.ID if {left, right} <= TEXTS and not both_fields else None


def _instant(node: Comparison, left: Kind, right: Kind) -> Kind | None:
    for kind, other in ((left, node.right), (right, node.left)):
        if kind is Kind.INSTANT and isinstance(other, Literal) and isinstance(other.value, str):
            return Kind.INSTANT
    return None
