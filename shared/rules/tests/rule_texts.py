"""Random rules that fit the sample table."""

from hypothesis import strategies as st

from shared.rules import FieldType
from shared.rules.tests.samples import FIELDS, VALUES, as_text

EQUALITY, ORDER = ["=", "!="], ["=", "!=", "<", "<=", ">", ">="]


def fields_of(*types: FieldType) -> st.SearchStrategy[str]:
    return st.sampled_from([name for name, type_ in FIELDS.items() if type_ in types])


def literals_of(*types: FieldType) -> st.SearchStrategy[str]:
    return st.one_of([VALUES[type_] for type_ in types]).map(as_text)


me_id, me_role, null = st.just("@me.id"), st.just("@me.role"), st.just("null")
a_text = literals_of(FieldType.TEXT)
a_number = literals_of(FieldType.NUMBER, FieldType.INTEGER)


def comparisons(one: st.SearchStrategy[str], other: st.SearchStrategy[str], operators: list[str]):
    """Both ways round, as a comparison and as a list."""
    single = st.tuples(one, st.sampled_from(operators), other) | st.tuples(other, st.sampled_from(operators), one)
    listed = st.tuples(one, st.lists(other | null, max_size=4).map(", ".join))
    return single.map(" ".join) | listed.map(lambda pair: f"{pair[0]} in [{pair[1]}]")


numeric = fields_of(FieldType.NUMBER, FieldType.INTEGER)
ids = fields_of(FieldType.RELATION, FieldType.FILE)
leaves = st.one_of(
    comparisons(fields_of(FieldType.TEXT), a_text | fields_of(FieldType.TEXT) | me_role, ORDER),
    comparisons(fields_of(FieldType.TEXT), me_id, EQUALITY),
    comparisons(numeric, a_number | numeric, ORDER),
    comparisons(fields_of(FieldType.BOOL), st.sampled_from(["true", "false", "b", "b2"]), EQUALITY),
    comparisons(fields_of(FieldType.DATETIME), literals_of(FieldType.DATETIME) | st.sampled_from(["d", "d2"]), ORDER),
    comparisons(ids, literals_of(FieldType.RELATION) | a_text | me_id | ids, EQUALITY),
    comparisons(st.sampled_from([*FIELDS, "@me.id", "@me.role", "null"]), null, EQUALITY),
    comparisons(me_role | me_id, a_text, EQUALITY),
    comparisons(a_number, a_number, ORDER),
    comparisons(a_text, a_text, ORDER),
    st.sampled_from(["b", "b2", "true", "false"]),
)
rules = st.recursive(
    leaves,
    lambda inner: (
        inner.map(lambda part: f"!({part})")
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' && '.join(parts)})")
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' || '.join(parts)})")
    ),
    max_leaves=6,
)
