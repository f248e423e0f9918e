"""Rendering: a delivery's template and context become subject, text and HTML."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a person gets to read."""

    subject: str
    text: str
    html: str


def render(template: str, language: str, values: dict[str, Any]) -> Rendered:
    """The folder templates/<template>, or its subfolder of the language, filled in; a missing value is an error."""

    def part(name: str) -> str:
        return _templates().select_template([f"{template}/{language}/{name}", f"{template}/{name}"]).render(values)

    subject = " ".join(part("subject.txt").split())  # one line, whatever a value brings along
    return Rendered(subject, part("body.txt"), _inliner().inline(part("body.html")))


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False)
