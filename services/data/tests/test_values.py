"""Values are checked strictly: what does not fit is refused, nothing is turned into something else."""

from datetime import UTC, datetime

import pytest

from services.data.errors import RecordInvalid
from services.data.schema.fields import FieldDefinition
from services.data.values.checking import check
from services.data.values.reading import changes, new_record, replacement
from services.data.values.shaping import differing
from services.data.values.texts import as_given

ID = "018f3a52-7b5e-7000-8000-000000000000"


def field(type_: str, **more) -> FieldDefinition:
    return FieldDefinition(name="x", type=type_, **{"collection": "a"} if type_ == "relation" else {}, **more)


@pytest.mark.parametrize(
    ("type_", "value", "kept"),
    [
        ("text", "", ""),
        ("text", "Ünï😀", "Ünï😀"),
        ("number", 1, 1.0),
        ("number", -0.0, 0.0),
        ("integer", 2**63 - 1, 2**63 - 1),
        ("integer", -(2**63), -(2**63)),
        ("bool", False, False),
        ("datetime", "2024-02-29T12:00:00.5+02:00", datetime(2024, 2, 29, 10, 0, 0, 500000, tzinfo=UTC)),
        ("json", {"a": [1, None, True, "x"]}, {"a": [1, None, True, "x"]}),
        ("relation", ID, ID),
    ],
)
def test_a_value_that_fits_is_kept(type_, value, kept):
    found = check(field(type_), value)
    assert (type(found), found) == (type(kept), kept)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("text", 1),
        ("text", "x" * 5001),
        ("text", "a\0b"),
        ("text", "\ud800"),
        ("number", "1"),
        ("number", True),
        ("number", float("nan")),
        ("number", float("inf")),
        ("number", 10**400),
        ("integer", "1"),
        ("integer", 1.0),
        ("integer", True),
        ("integer", 2**63),
        ("bool", 1),
        ("bool", "true"),
        ("datetime", "2024-02-30T12:00:00Z"),
        ("datetime", "2024-02-29T12:00:00"),
        ("datetime", "2024-02-29"),
        ("datetime", 1709200000),
        ("datetime", "0001-01-01T00:00:00+14:00"),
        ("json", {"a": float("nan")}),
        ("json", {"a": 2**64}),
        ("json", {"a\0": 1}),
        ("json", "x" * 100_001),
        ("relation", "x"),
        ("relation", ID.upper()),
        ("relation", ID.replace("-", "")),
        ("relation", 7),
        ("file", ID),
    ],
)
def test_a_value_that_does_not_fit_is_refused(type_, value):
    with pytest.raises(ValueError, match=r"must|is set by"):
        check(field(type_), value)


def test_json_that_is_nested_too_deep_is_refused():
    deep: list = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(ValueError, match="deep"):
        check(field("json"), deep)


FIELDS = {
    "title": FieldDefinition(name="title", type="text", required=True, max_length=5),
    "size": FieldDefinition(name="size", type="integer", default=7),
    "owner": FieldDefinition(name="owner", type="text", default="@me.id"),
    "photo": FieldDefinition(name="photo", type="file"),
}


def test_a_new_record_has_defaults_where_nothing_is_given():
    found = new_record(FIELDS, {"title": "a"}, owner_id="me")
    assert found == {"title": "a", "size": 7, "owner": "me", "photo": None}
    assert new_record(FIELDS, {"title": "a", "size": None}, owner_id=None)["size"] is None


def test_all_that_is_wrong_with_a_record_is_said_at_once():
    with pytest.raises(RecordInvalid) as caught:
        new_record(FIELDS, {"size": "7", "colour": 1, "id": ID, "a/b~c": 2}, owner_id="me")
    assert {error["pointer"]: error["detail"] for error in caught.value.errors} == {
        "#/title": "is required",
        "#/size": "must be an integer",
        "#/colour": "is no field of this collection",
        "#/id": "is set by the server",
        "#/a~1b~0c": "is no field of this collection",
    }


def test_a_replacement_makes_null_what_is_not_given_but_keeps_files():
    assert replacement(FIELDS, {"title": "b"}) == {"title": "b", "size": None, "owner": None}


def test_a_change_leaves_what_is_not_given_but_takes_nothing_required_away():
    assert changes(FIELDS, {"size": 1}) == {"size": 1}
    with pytest.raises(RecordInvalid):
        changes(FIELDS, {"title": None})


def test_texts_of_a_csv_become_values_of_their_fields():
    fields = {
        name: FieldDefinition(name=name, type=name)
        for name in ("text", "number", "integer", "bool", "datetime", "json")
    }
    row = {"text": " a ", "number": "-1.5e2", "integer": "42", "bool": "TRUE", "datetime": "", "json": '{"a": 1}'}
    assert as_given(fields, row) == {"text": " a ", "number": -150.0, "integer": 42, "bool": True, "json": {"a": 1}}


@pytest.mark.parametrize(
    ("name", "text"), [("number", "nan"), ("number", "1,5"), ("integer", "1.5"), ("bool", "maybe"), ("json", "{")]
)
def test_a_text_that_is_no_value_of_its_field_is_refused(name, text):
    fields = {name: FieldDefinition(name=name, type=name)}
    with pytest.raises(RecordInvalid):
        new_record(fields, as_given(fields, {name: text}), owner_id=None)


def test_true_is_another_value_than_one():
    assert differing({"a": {"x": 1}, "b": 1, "c": None}, {"a": {"x": True}, "b": 1, "c": None}) == {"a": {"x": True}}
