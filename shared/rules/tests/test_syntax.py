"""What the grammar takes, and what a person is told where it does not."""

import pytest

from shared.rules import MAX_DEPTH, MAX_LENGTH, MAX_MEMBERS, RESERVED_NAMES, RuleSyntax, parse


def refusal(text: str) -> RuleSyntax:
    with pytest.raises(RuleSyntax) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        'state = "AK"',
        "true",
        "!active && (a < 1 || b >= -2.5e3)",
        'owner = @me.id || @me.role = "admin"',
        'a in [1, 2.5, null] && b in [] && "x" in [c, @me.role]',
        'a\n  != null\n&& inside = "in" && nullable && true_north',
    ],
)
def test_these_are_rules(text):
    assert parse(text).text == text


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "found the end"),
        ("state = && x", 1, 9, "found '&&'"),
        ("a == 1", 1, 4, "expected a value"),
        ("(a = 1", 1, 7, "expected '&&', '||' or ')', found the end"),
        ("a = 1)", 1, 6, "expected '&&', '||' or the end, found ')'"),
        ("a = 1 and b = 2", 1, 7, "expected '&&', '||' or the end, found 'and'"),
        ("a in (1)", 1, 6, "expected '[', found '('"),
        ("a in [1,", 1, 9, "expected a value"),
        ("a < in", 1, 5, "found 'in'"),
        ("a = 1 &&\n  b # 2", 2, 5, "found '#'"),
        ("a = 1 &&\n\n", 3, 1, "found the end"),
        ("a = 'x'", 1, 5, "expected a value"),
        ('a = "x', 1, 5, "has no closing"),
        ('a = "ü\\q"', 1, 7, "escapes"),
        ('a = "x\ny"', 1, 7, "no line break"),
        ('a = "\\ud800"', 1, 5, "surrogate"),
        ('a = "\\u0000"', 1, 5, "NUL"),
        ("@me.password = 1", 1, 1, "only @me.id and @me.role"),
        ("a = 9223372036854775808", 1, 5, "64 bits"),
        ("a = " + "9" * 1500, 1, 5, "64 bits"),
        ("a = 1e999", 1, 5, "out of range"),
        ("a = 007", 1, 6, "found '0'"),
        ("é = 1", 1, 1, "found 'é'"),
        ("a = ١", 1, 5, "found '١'"),
    ],
)
def test_a_syntax_error_names_its_line_and_column_and_what_was_expected(text, line, column, words):
    problem = refusal(text)
    assert (problem.line, problem.column) == (line, column)
    assert problem.detail.startswith(f"Line {line}, column {column}: ")
    assert words in problem.detail


def test_a_syntax_error_is_a_problem_with_line_column_and_expected_as_members():
    document = refusal("a in 1").to_dict()
    assert (document["status"], document["code"]) == (422, "rule_syntax")
    assert (document["line"], document["column"], document["expected"]) == (1, 6, ["'['"])


def test_texts_have_the_escapes_of_json():
    rule = parse(r'a = "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"')
    assert rule.root.right.value == '"\\/\b\f\n\r\té😀'


def test_a_rule_longer_than_the_cap_is_refused():
    assert "at most" in refusal("a = 1" + " " * MAX_LENGTH).detail


def test_a_rule_as_long_as_the_cap_is_read():
    text = "a=b||" * (MAX_LENGTH // 5 - 1) + "a=b"
    assert len(parse(text).root.parts) == MAX_LENGTH // 5


@pytest.mark.parametrize("nest", ["!({})", "a && (b || {})"])
def test_a_rule_nested_deeper_than_the_cap_is_refused(nest):
    text = "a"
    for _ in range(MAX_DEPTH + 1):
        text = nest.format(text)
    assert f"at most {MAX_DEPTH} deep" in refusal(text).detail


def test_parentheses_alone_do_not_nest():
    assert parse("(" * 900 + "a" + ")" * 900).fields == {"a"}


def test_a_list_longer_than_the_cap_is_refused():
    assert "at most" in refusal(f"a in [{','.join(['1'] * (MAX_MEMBERS + 1))}]").detail


def test_a_rule_knows_the_fields_that_it_reads():
    assert parse('!(a = @me.id) && (b in [c, 1] || "d" = "e" || f)').fields == {"a", "b", "c", "f"}


def test_a_reserved_name_is_never_a_field():
    for name in RESERVED_NAMES - {"in"}:
        assert not parse(f"{name} = 1").fields
    assert "found 'in'" in refusal("in = 1").detail


def test_every_other_word_may_be_a_field():
    words = ["and", "or", "not", "me", "nulls", "_in", "True", "NULL"]
    assert parse(" || ".join(words)).fields == set(words)
