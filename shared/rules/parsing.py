"""Turns the text of a rule into a tree, or says where and why it can't."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from shared.rules.building import TreeBuilder
from shared.rules.errors import RuleSyntax
from shared.rules.tree import Place, Rule

MAX_LENGTH = 2000

PARSER = Lark(
    Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    maybe_placeholders=False,
    transformer=TreeBuilder(),
)

VALUE = frozenset({"NULL", "TRUE", "FALSE", "NUMBER", "STRING", "ME", "FIELD"})

PHRASES = {
    "COMPARE": "a comparison (= != < <= > >=)",
    "IN": "'in'",
    "AND": "'&&'",
    "OR": "'||'",
    "NOT": "'!'",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "COMMA": "','",
    "$END": "the end",
}


@lru_cache(maxsize=256)
def parse(text: str) -> Rule:
    """The rule that the text says; RuleSyntax where it does not follow the grammar."""
    if len(text) > MAX_LENGTH:
        raise RuleSyntax(f"a rule has at most {MAX_LENGTH} characters, this one has {len(text)}.", Place(1, 1))
    try:
        return Rule(text, PARSER.parse(text))
    except UnexpectedToken as error:
        is_end = error.token.type == "$END"
        raise _unexpected(text, len(text) if is_end else error.token.start_pos, str(error.token)) from None
    except UnexpectedCharacters as error:
        raise _unexpected(text, error.pos_in_stream, text[error.pos_in_stream]) from None


def _unexpected(text: str, position: int, found: str) -> RuleSyntax:
    place = _place_at(text, position)
    if found == '"':
        return RuleSyntax('the text that begins here has no closing ".', place, expected=['"'])
    if found == "@":
        return RuleSyntax("after @ only @me.id and @me.role are known.", place, expected=["@me.id", "@me.role"])
    expected = _expected_phrases(_accepted_at(text, position))
    found = f"'{found}'" if found else "the end"
    return RuleSyntax(f"expected {_one_of(expected)}, found {found}.", place, expected=expected)


def _accepted_at(text: str, position: int) -> set[str]:
    """The terminals that could stand at a position; the parser's own error has lost some to what it had reduced."""
    reader = PARSER.parse_interactive(text)
    with suppress(UnexpectedInput):
        for token in reader.lexer_thread.lex(reader.parser_state):
            if token.start_pos >= position:
                break
            reader.feed_token(token)
    return reader.accepts()


def _place_at(text: str, position: int) -> Place:
    before = text[:position]
    return Place(before.count("\n") + 1, position - before.rfind("\n"))


def _expected_phrases(terminals: set[str]) -> list[str]:
    """What a person calls the grammar's terminals, in a fixed order."""
    value = ['a value (a field, @me.id, @me.role, a number, "text", true, false, null)'] if terminals & VALUE else []
    return value + [phrase for terminal, phrase in PHRASES.items() if terminal in terminals]


def _one_of(phrases: list[str]) -> str:
    """The phrases as a list in a sentence."""
    return " or ".join(filter(None, [", ".join(phrases[:-1]), phrases[-1]]))
