"""The problems as clients know them: their codes are their own, and docs/problems.md is in step with the classes."""

import importlib
from collections import Counter
from pathlib import Path

from shared.problems import every_problem
from shared.web.catalogue import render

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/problems.md"
PLACES = (
    "shared/problems.py",
    "shared/**/problems.py",
    "shared/**/errors.py",
    "shared/bus/api.py",
    "services/*/errors.py",
)


def modules() -> list[str]:
    """The modules that declare problems."""
    paths = {path for place in PLACES for path in ROOT.glob(place) if "tests" not in path.parts}
    return sorted(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)


def test_the_page_of_problems_is_in_step_with_the_classes():
    assert PAGE.read_text() == render(modules()), "run `make contracts`"


def test_no_two_problems_of_one_service_share_a_code():
    for module in modules():
        importlib.import_module(module)
    declared = [(one.__module__.split(".")[1], one.code) for one in every_problem() if one.__module__ in modules()]
    assert [pair for pair, count in Counter(declared).items() if count > 1] == []


def test_problems_are_declared_where_the_page_finds_them():
    found = {one.__module__ for one in every_problem() if one.__module__.startswith(("shared.", "services."))}
    assert {name for name in found if ".tests" not in name and "conftest" not in name} <= set(modules())


if __name__ == "__main__":
    PAGE.write_text(render(modules()))
