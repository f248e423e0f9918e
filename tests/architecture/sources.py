"""The repository's files and Python sources, as the checks of this folder read them."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("auth", "data", "realtime", "mail", "worker")
SERVICES = (*OURS, *sorted({path.parent.name for path in ROOT.glob("services/*/app.py")} - {*OURS}))


def files(*suffixes: str) -> list[Path]:
    """The files that belong to the repository, new ones included, what git ignores left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return sorted(path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes))


def is_test(path: Path) -> bool:
    """Whether a module is there for tests only."""
    parts = path.parts
    return "tests" in parts or ("shared" in parts and "testing" in parts)


def named(path: Path, root: Path = ROOT) -> str:
    """A path as a message shows it."""
    return str(path.relative_to(root))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imports(tree: ast.AST, package: str = "") -> Iterator[str]:
    """The dotted names that a module imports, wherever in it; `from a import b` gives `a.b`.

    `package` is what relative imports start from.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = [*package.split(".")[: len(package.split(".")) + 1 - node.level], node.module or ""]
            start = ".".join(part for part in origin if part) if node.level else node.module
            yield from (f"{start}.{alias.name}" for alias in node.names)
