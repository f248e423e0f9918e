"""The golden schemas of the catalogue, and which changes to them would break a reader or a sender."""

import importlib
import pkgutil
from typing import Any

import shared.events
from shared.events.base import CATALOGUE

Schemas = dict[str, dict[str, Any]]
_WORDS = ("title", "description", "examples")


def catalogue_schemas() -> Schemas:
    """One JSON Schema for each event that the modules of shared.events declare, by its type.

    A class whose name ends in `Event` is what several events have in common and no fact itself.
    """
    for module in pkgutil.iter_modules(shared.events.__path__, "shared.events."):
        importlib.import_module(module.name)
    ours = {kind: cls for kind, cls in CATALOGUE.items() if cls.__module__.startswith("shared.events.")}
    facts = {kind: cls for kind, cls in sorted(ours.items()) if not cls.__name__.endswith("Event")}
    return {kind: {**cls.model_json_schema(), "version": cls.schema_version} for kind, cls in facts.items()}


def breaking_changes(old: Schemas, new: Schemas) -> list[str]:
    """What of `old` no longer holds in `new`: additive changes are none."""
    gone = [f"{kind} is gone" for kind in old if kind not in new]
    return gone + [slip for kind in old if kind in new for slip in _breaking(kind, old[kind], new[kind])]


def _breaking(kind: str, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    gone = [f"{kind}.{name} is gone" for name in before if name not in after]
    changed = [
        f"{kind}.{name} has another type"
        for name in before
        if name in after and _shape(before[name], old) != _shape(after[name], new)
    ]
    demanded = sorted(set(new.get("required", [])) - set(old.get("required", [])))
    return gone + changed + [f"{kind}.{name} is required now" for name in demanded]


def _shape(schema: Any, document: dict[str, Any]) -> Any:
    """A schema without its words and default, references followed: what a value must look like."""
    if isinstance(schema, list):
        return [_shape(one, document) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _shape(document["$defs"][schema["$ref"].rsplit("/", 1)[1]], document)
    kept = {name: one for name, one in schema.items() if name not in _WORDS and name != "default"}
    if "properties" in kept:
        kept["properties"] = {name: _shape(one, document) for name, one in schema["properties"].items()}
    return {name: one if name == "properties" else _shape(one, document) for name, one in kept.items()}
