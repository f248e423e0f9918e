"""What modules need (third-party packages, found by following their imports) and what requirements files declare."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import imports, is_test


def declared(file: Path) -> set[str]:
    """The distributions that a requirements.in names, those of the files that it includes as well."""
    names: set[str] = set()
    for line in file.read_text().splitlines():
        line = line.split(" #")[0].strip()
        if line.startswith("-r "):
            names |= declared((file.parent / line[3:]).resolve())
        elif line and not line.startswith("#"):
            names.add(canonicalize_name(Requirement(line).name))
    return names


def needed(root: Path, folder: str) -> set[str]:
    """The distributions that a folder's modules import, themselves or through the library; tests aside."""
    start = [path for path in (root / folder).rglob("*.py") if not is_test(path.relative_to(root))]
    return {found for path in reached(root, start) for found in distributions(path, root)}


def reached(root: Path, start: list[Path]) -> set[Path]:
    """The modules that these import, and so on, as far as they lie in the tree; lazy imports count."""
    seen: set[Path] = set()
    todo = list(start)
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += [found for name in names_in(path, root) for found in modules_of(name, root)]
    return seen


def modules_of(name: str, root: Path) -> Iterator[Path]:
    """The files that importing `name` runs: the module, and the packages above it."""
    place = root
    for part in name.split("."):
        place = place / part
        if (package := place / "__init__.py").is_file():
            yield package
        if (module := place.with_name(f"{part}.py")).is_file():
            yield module


def distributions(path: Path, root: Path) -> set[str]:
    """The distributions that one module's imports come from; an unknown import keeps its own name."""
    found = set()
    for name in names_in(path, root):
        top = name.split(".")[0]
        if top not in sys.stdlib_module_names and not (root / top).is_dir() and top != "__future__":
            found.add(_distribution(name))
    return found


@cache
def names_in(path: Path, root: Path) -> tuple[str, ...]:
    """The dotted names that one module imports."""
    return tuple(imports(ast.parse(path.read_text()), ".".join(path.parent.relative_to(root).parts)))


def _distribution(name: str) -> str:
    owners = _owners().get(name.split(".")[0], [])
    if len(owners) == 1:
        return canonicalize_name(owners[0])
    return next((one for one in map(canonicalize_name, owners) if name.startswith(one)), name.split(".")[0])


@cache
def _owners() -> dict[str, list[str]]:
    return {name: sorted(set(owners)) for name, owners in packages_distributions().items()}
