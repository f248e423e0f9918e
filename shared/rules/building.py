"""Builds the tree while the grammar is read, and refuses what no grammar can: bad escapes, huge numbers, depth."""

import json
import math
import re

from lark import Token, Transformer, v_args

from shared.rules.errors import RuleSyntax
from shared.rules.tree import All, Any, Comparison, Field, Literal, Me, Membership, Node, Not, Place, Truth, Value

MAX_DEPTH = 32
MAX_MEMBERS = 100
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def place_of(token: Token) -> Place:
    """Where a token begins."""
    return Place(token.line, token.column)


@v_args(inline=True)
class TreeBuilder(Transformer):
    """One method for each alternative that the grammar names."""

    def null(self, token: Token) -> Literal:
        return Literal(None, place_of(token))

    def true(self, token: Token) -> Literal:
        return Literal(True, place_of(token))

    def false(self, token: Token) -> Literal:
        return Literal(False, place_of(token))

    def number(self, token: Token) -> Literal:
        return Literal(read_number(token), place_of(token))

    def text(self, token: Token) -> Literal:
        return Literal(read_text(token), place_of(token))

    def me(self, token: Token) -> Me:
        return Me(token.removeprefix("@me."), place_of(token))

    def field(self, token: Token) -> Field:
        return Field(str(token), place_of(token))

    def truth(self, value: Value) -> Truth:
        return Truth(value)

    def comparison(self, left: Value, operator: Token, right: Value) -> Comparison:
        return Comparison(str(operator), left, right, place_of(operator))

    def membership(self, value: Value, operator: Token, *rest: Value | Token) -> Membership:
        members = tuple(part for part in rest if not isinstance(part, Token))
        if len(members) > MAX_MEMBERS:
            raise RuleSyntax(f"a list has at most {MAX_MEMBERS} members.", place_of(operator))
        return Membership(value, members, place_of(operator))

    def group(self, opening: Token, inner: Node, closing: Token) -> Node:
        return inner

    def negation(self, operator: Token, part: Node) -> Not:
        return within_depth(Not(part), operator)

    def all(self, first: Node, operator: Token, *rest: Node | Token) -> All:
        return within_depth(All(joined(first, rest)), operator)

    def any(self, first: Node, operator: Token, *rest: Node | Token) -> Any:
        return within_depth(Any(joined(first, rest)), operator)


def joined(first: Node, rest: tuple[Node | Token, ...]) -> tuple[Node, ...]:
    """The parts of a chain without the operators between them."""
    return (first, *(part for part in rest if not isinstance(part, Token)))


def within_depth(node: Node, operator: Token) -> Node:
    """The node, where it is not nested too deep."""
    if depth_of(node) > MAX_DEPTH:
        raise RuleSyntax(f"a rule is nested at most {MAX_DEPTH} deep.", place_of(operator))
    return node


def depth_of(node: Node) -> int:
    """How many operators stand inside each other."""
    match node:
        case Not(part=part):
            return 1 + depth_of(part)
        case All(parts=parts) | Any(parts=parts):
            return 1 + max(map(depth_of, parts))
        case _:
            return 0


def read_number(token: Token) -> int | float:
    """An integer of 64 bits, or a finite double where a point or an exponent is written."""
    if set(token) & set(".eE"):
        if math.isfinite(value := float(token)):
            return value
    elif len(token) < 21 and -(2**63) <= int(token) < 2**63:
        return int(token)
    raise RuleSyntax(f"{token} is out of range: integers have 64 bits, numbers are doubles.", place_of(token))


def read_text(token: Token) -> str:
    """What a quoted text says, its escapes those of JSON."""
    try:
        value = json.loads(token)
    except json.JSONDecodeError as error:
        line, column = place_of(token)
        raise RuleSyntax(
            'a text has the escapes \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX and no line break or other '
            "control character.",
            Place(line, column + error.pos),
        ) from None
    if UNSTORABLE.search(value):
        raise RuleSyntax("a text holds no NUL and no half of a surrogate pair.", place_of(token))
    return value
