"""Lines per service and in shared/, and the ten longest functions."""

import argparse
import ast
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.figures import show

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--longest", type=int, default=10, help="how many functions to list")
    choice = parser.parse_args()
    files = sources()
    code, tests = count(files, is_test=False), count(files, is_test=True)
    table = [[place, code[place], tests[place]] for place in sorted(code | tests)]
    show("Lines of Python", ["place", "code", "tests"], [*table, ["all", code.total(), tests.total()]])
    lengths = sorted((length for file in files if not in_tests(file) for length in functions(file)), reverse=True)
    show("The longest functions", ["lines", "function", "file"], lengths[: choice.longest])


def sources() -> list[Path]:
    """Every Python file that git knows or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [ROOT / name for name in sorted(set(listed)) if (ROOT / name).exists()]


def count(files: list[Path], *, is_test: bool) -> Counter:
    """Lines that are not empty, by place."""
    lines = Counter()
    for file in files:
        if in_tests(file) == is_test:
            lines[place_of(file)] += sum(1 for line in file.read_text().splitlines() if line.strip())
    return lines


def in_tests(file: Path) -> bool:
    return bool({"tests", "testing"} & set(file.relative_to(ROOT).parts))


def place_of(file: Path) -> str:
    parts = file.relative_to(ROOT).parts
    return "/".join(parts[: 2 if parts[0] == "services" and len(parts) > 2 else 1])


def functions(file: Path) -> Iterator[tuple[int, str, str]]:
    """Length, name and file of every function, its decorators and its docstring included."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.end_lineno - first + 1, node.name, str(file.relative_to(ROOT))


if __name__ == "__main__":
    main()
