"""Words for what the grammar would have accepted."""

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


def expected_phrases(terminals: set[str]) -> list[str]:
    """What a person calls the grammar's terminals, in a fixed order."""
    value = ['a value (a field, @me.id, @me.role, a number, "text", true, false, null)'] if terminals & VALUE else []
    return value + [phrase for terminal, phrase in PHRASES.items() if terminal in terminals]


def one_of(phrases: list[str]) -> str:
    """The phrases as a list in a sentence."""
    return " or ".join(filter(None, [", ".join(phrases[:-1]), phrases[-1]]))
