"""The parts that a parsed rule consists of."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from shared.rules.kinds import Kind

LiteralValue = str | int | float | bool | datetime | None


class Place(NamedTuple):
    """Where something stands in a rule's text, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the rule."""

    value: LiteralValue
    place: Place


@dataclass(frozen=True, slots=True)
class Me:
    """`@me.id` or `@me.role`: null for the anonymous."""

    attribute: str
    place: Place


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the record; `kind` is what it is compared as, known once the rule is checked."""

    name: str
    place: Place
    kind: Kind | None = None


Value = Literal | Me | Field


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values and an operator between them."""

    operator: str
    left: Value
    right: Value
    place: Place


@dataclass(frozen=True, slots=True)
class Membership:
    """A value and the list that it is looked for in."""

    value: Value
    members: tuple[Value, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Truth:
    """A value that stands alone and must be a truth value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where its part does not."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """Holds where each part does."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Holds where at least one part does."""

    parts: tuple["Node", ...]


Node = Comparison | Membership | Truth | Not | All | Any


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that parsed: its text, what it says, and the names of the fields that it reads."""

    text: str
    root: Node = field(compare=False, repr=False)

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that the rule reads."""
        return frozenset(value.name for value in values_of(self.root) if isinstance(value, Field))


def values_of(node: Node) -> Iterator[Value]:
    """Every value that stands in a tree."""
    match node:
        case Comparison(left=left, right=right):
            yield from (left, right)
        case Membership(value=value, members=members):
            yield from (value, *members)
        case Truth(value=value):
            yield value
        case Not(part=part):
            yield from values_of(part)
        case All(parts=parts) | Any(parts=parts):
            for part in parts:
                yield from values_of(part)
