"""Tables of settings for docs/settings.md, out of the settings classes."""

import importlib
import json
from typing import Any

from pydantic.fields import FieldInfo

from shared.settings import Settings


def tables(classes: list[type[Settings]]) -> list[str]:
    """The lines about the settings of every service and of each of these."""
    common = Settings.model_fields
    lines = ["## every service\n", *_table(common)]
    for cls in classes:
        own = {name: field for name, field in cls.model_fields.items() if name not in common}
        lines += [f"## {cls.service}\n", *(_table(own) if own else ["Nothing of its own.\n"])]
    return lines


def _table(fields: dict[str, FieldInfo]) -> list[str]:
    rows = [f"| `{name.upper()}` | {default(field)} | {words(field)} |" for name, field in fields.items()]
    return ["| setting | default | what it is |", "|---|---|---|", *rows, ""]


def default(field: FieldInfo) -> str:
    """What counts where nothing is given."""
    if field.is_required():
        return "must be given"
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    return "none" if value in (None, "") else f"`{value if isinstance(value, str) else json.dumps(value, default=str)}`"


def words(field: FieldInfo) -> str:
    """What the field says of itself."""
    return " ".join((field.description or "").replace("|", "\\|").split())


def named(place: str) -> type[Settings]:
    """The class at MODULE:CLASS."""
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)
