"""The catalogue of events: nothing that a reader relies on is taken away, everything is told and heard of."""

import ast
import copy
import json
from functools import cache
from pathlib import Path

import pytest

from shared.events import CATALOGUE
from shared.events.base import SEALED
from shared.events.schemas import breaking_changes, catalogue_schemas

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/contracts/events.json"


@pytest.fixture
def golden() -> dict:
    """The schemas as they were when `make contracts` ran last."""
    return json.loads(GOLDEN.read_text())


def test_no_change_breaks_a_reader(golden):
    assert breaking_changes(golden, catalogue_schemas()) == []


def test_an_event_that_goes_is_refused(golden):
    assert breaking_changes(golden | {"auth.left": {}}, golden) == ["auth.left is gone"]


def test_a_field_that_goes_is_refused(golden):
    after = copy.deepcopy(golden)
    del after["data.record_changed"]["properties"]["version"]
    assert breaking_changes(golden, after) == ["data.record_changed.version is gone"]


def test_a_type_that_changes_is_refused(golden):
    after = copy.deepcopy(golden)
    after["data.record_changed"]["properties"]["version"]["type"] = "string"
    assert breaking_changes(golden, after) == ["data.record_changed.version has another type"]


def test_a_value_that_is_no_longer_allowed_is_refused(golden):
    after = copy.deepcopy(golden)
    after["data.record_changed"]["properties"]["change"]["enum"].remove("deleted")
    assert breaking_changes(golden, after) == ["data.record_changed.change has another type"]


def test_a_new_field_that_is_required_is_refused(golden):
    after = copy.deepcopy(golden)
    after["mail.sent"] = {"properties": {"to": {"type": "string"}}, "required": ["to"]}
    after["data.record_changed"]["properties"]["reason"] = {"type": "string"}
    assert breaking_changes(golden, after) == []
    after["data.record_changed"]["required"].append("reason")
    assert breaking_changes(golden, after) == ["data.record_changed.reason is required now"]


def test_another_description_or_default_breaks_nobody(golden):
    after = copy.deepcopy(golden)
    after["data.record_changed"]["properties"]["version"] |= {"description": "Another", "default": 1}
    assert breaking_changes(golden, after) == []


@pytest.mark.parametrize("kind", [kind for kind in catalogue_schemas() if not CATALOGUE[kind].carrier])
def test_an_event_is_told_by_its_service(kind):
    cls = CATALOGUE[kind]
    assert any(cls.__name__ in calls(tree) for tree in trees(f"services/{cls.source}"))


@pytest.mark.parametrize("kind", catalogue_schemas())
def test_an_event_is_heard_by_somebody_or_says_why_not(kind):
    cls = CATALOGUE[kind]
    heard = any(cls.__name__ in reactions(tree) for tree in [*trees("services"), *trees("shared/identity")])
    assert heard or "Nobody handles it yet" in cls.__doc__
    assert not (heard and "Nobody handles it yet" in cls.__doc__)


@pytest.mark.parametrize("kind", catalogue_schemas())
def test_an_event_says_what_happened_and_what_it_is_about(kind):
    cls = CATALOGUE[kind]
    assert cls.__doc__
    assert cls.subject.fget.__module__ != "shared.events.base"


@cache
def trees(folder: str) -> list[ast.Module]:
    """The modules below a folder, tests aside."""
    paths = [path for path in (ROOT / folder).rglob("*.py") if "tests" not in path.parts]
    return [ast.parse(path.read_text()) for path in paths]


def calls(tree: ast.Module) -> set[str]:
    """The names that a module calls."""
    return {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def reactions(tree: ast.Module) -> set[str]:
    """The events that a module reacts to: `@handlers.on(Event)`, or `Event.type: reaction` in realtime's instances."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "on":
            found |= {argument.id for argument in node.args if isinstance(argument, ast.Name)}
        if isinstance(node, ast.Dict):
            keys = [key for key in node.keys if isinstance(key, ast.Attribute) and key.attr == "type"]
            found |= {key.value.id for key in keys if isinstance(key.value, ast.Name)}
    return found


def test_a_field_said_to_be_sealed_is_declared_so_and_so_is_never_shown():
    schemas = catalogue_schemas()
    said = {
        (kind, name)
        for kind, schema in schemas.items()
        for name, one in schema["properties"].items()
        if one.get("description", "").startswith("Sealed")
    }
    declared = {(k, name) for k in schemas for name, one in CATALOGUE[k].model_fields.items() if SEALED in one.metadata}
    assert said == declared != set()
