"""What a reader may rely on in every module: its size, its first sentence, where the environment is read."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, files, functions, is_test, named

MODULE_LINES, TEST_MODULE_LINES, FUNCTION_LINES = 250, 350, 40
ENVIRONMENT = {
    "settings.py": "a module of that name is where a service or a program reads its environment",
    "gunicorn.conf.py": "an arbiter that read its settings by shared.settings would need much more memory",
    "supervision.py": "the operator's command hands a few variables (PATH, HOME, ...) on to what it starts",
}
"""Modules that may touch the environment, and why."""

RUFF = Path(sys.executable).parent / "ruff"
MODULES = [path for path in files(".py") if path.read_text().strip()]


@pytest.mark.parametrize("asked", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff_has_nothing_to_say(asked):
    done = subprocess.run([RUFF, *asked, "--no-cache", "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_and_no_function_is_too_long():
    assert [slip for path in MODULES for slip in too_long(path)] == []


def test_every_module_opens_with_a_sentence():
    assert [named(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_only_settings_read_the_environment():
    found = [named(path) for path in MODULES if not is_test(path) and reads_environment(path)]
    assert [name for name in found if Path(name).name not in ENVIRONMENT] == []


def test_a_long_module_and_a_long_function_are_reported(tmp_path):
    module = tmp_path / "long.py"
    body = "\n".join(f"    a{line} = {line}" for line in range(MODULE_LINES))
    module.write_text(f'"""Long."""\n\n\ndef grow():\n    """A contract\n    of two lines."""\n{body}\n')
    assert too_long(module, tmp_path) == ["long.py has 256 lines", "long.py: grow has 251 lines"]


@pytest.mark.parametrize(
    "line",
    ["import os\nos.environ['A']", "from os import environ", "import os\nos.getenv('A')", "from os import getenv"],
)
def test_a_module_that_reads_the_environment_is_reported(tmp_path, line):
    module = tmp_path / "sly.py"
    module.write_text(line)
    assert reads_environment(module)


def too_long(path: Path, root: Path = ROOT) -> list[str]:
    """What of a module is over the limits; a function's docstring does not count."""
    text = path.read_text()
    limit = TEST_MODULE_LINES if is_test(path.relative_to(root)) else MODULE_LINES
    slips = [f"{named(path, root)} has {len(text.splitlines())} lines"] if len(text.splitlines()) > limit else []
    return slips + [
        f"{named(path, root)}: {function.name} has {lines_of(function)} lines"
        for function in functions(ast.parse(text))
        if lines_of(function) > FUNCTION_LINES
    ]


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """A function's lines, its docstring aside."""
    first = function.body[0]
    doc = first.end_lineno - first.lineno + 1 if ast.get_docstring(function) is not None else 0
    return function.end_lineno - function.lineno + 1 - doc


def reads_environment(path: Path) -> bool:
    """Whether a module touches the process's environment."""
    tree = ast.parse(path.read_text())
    attributes = {f"{node.value.id}.{node.attr}" for node in ast.walk(tree) if is_attribute_of_a_name(node)}
    names = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return bool((attributes | names) & {"os.environ", "os.getenv"})


def is_attribute_of_a_name(node: ast.AST) -> bool:
    """Whether a node is of the form `name.attribute`."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
