"""Who may import whom: the contracts of pyproject.toml hold here, and each is broken by a tree that breaks its rule."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, SERVICES, files, imports, is_test, named

RULES = {
    "independence": ("services/auth/api/doors.py", "from services.data import models"),
    "shared": ("shared/bus/relay.py", "from services.mail.actions import deliveries"),
    "actions": ("services/data/actions/records.py", "from services.data import handling"),
    "contracts": ("shared/events/base.py", "from shared import logs"),
    "doors": ("services/auth/actions/accounts.py", "from services.auth.api import doors"),
    "circles": ("shared/bus/relay.py", "from shared.bus import feed"),
    "clients": ("demo/story.py", "from shared import clock"),
}
"""By the contract's id: a module and the line in it that the contract forbids."""


def lint(root: Path, *contracts: str) -> subprocess.CompletedProcess:
    """Runs import-linter over the tree at `root`."""
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", *chosen], cwd=root, capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """A tree with the project's outline and configuration, and nothing wrong in it."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in [f"services/{name}" for name in SERVICES] + ["shared", "quintet", "demo", "chaos", "chaos/clients"]:
        write(tmp_path, f"{package}/__init__.py")
    for part in ("api", "actions"):
        write(tmp_path, f"services/mail/{part}/__init__.py")
    for name in ("problems", "ids", "clock", "trace", "logs", "settings"):
        write(tmp_path, f"shared/{name}.py")
    for name in ("bus", "commands", "database", "identity", "web", "testing", "events", "rules"):
        write(tmp_path, f"shared/{name}/__init__.py")
    for name in SERVICES:
        write(tmp_path, f"services/{name}/models.py", "import sqlalchemy")
        write(tmp_path, f"services/{name}/handling.py", "import flask, celery")
    write(tmp_path, "shared/bus/relay.py")
    write(tmp_path, "shared/bus/feed.py", "from shared.bus import relay")
    for path in ("services/auth/api/doors.py", "services/mail/actions/deliveries.py"):
        write(tmp_path, path)
    return tmp_path


def write(root: Path, path: str, text: str = "") -> None:
    """Writes a module and makes its folders packages, except `services` itself."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text + "\n")
    for folder in place.relative_to(root).parents:
        if str(folder) not in (".", "services"):
            (root / folder / "__init__.py").touch()


def test_every_import_rule_holds():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_service_is_under_the_import_rules():
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    packages = {f"services.{name}" for name in SERVICES}
    contracts = {one["id"]: one for one in rules["contracts"]}
    assert packages <= set(rules["root_packages"])
    assert packages == set(contracts["independence"]["modules"]) == set(contracts["doors"]["containers"])
    assert all(packages <= set(contracts[name]["forbidden_modules"]) for name in ("shared", "clients"))


def test_a_tree_without_a_forbidden_import_passes(small_tree):
    done = lint(small_tree)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RULES)
def test_a_forbidden_import_breaks_its_rule(small_tree, rule):
    path, line = RULES[rule]
    write(small_tree, path, line)
    done = lint(small_tree, rule)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Contracts: 0 kept, 1 broken." in done.stdout


def test_every_contract_of_the_configuration_is_shown_to_fail():
    text = (ROOT / "pyproject.toml").read_text()
    assert {line.split('"')[1] for line in text.splitlines() if line.startswith("id = ")} == set(RULES)


@pytest.mark.parametrize("folder", ["tests/e2e", "demo", "chaos/clients"])
def test_who_speaks_to_the_gateway_imports_neither_shared_nor_services(folder):
    assert outsiders([path for path in files(".py") if path.is_relative_to(ROOT / folder)]) == []


def test_an_outsider_that_imports_a_service_is_reported(tmp_path):
    (tmp_path / "test_story.py").write_text("def look():\n    from shared.testing import eventually\n")
    assert outsiders([tmp_path / "test_story.py"], tmp_path) == ["test_story.py imports shared.testing.eventually"]


def test_nothing_but_tests_imports_what_is_there_for_tests():
    found = [
        f"{named(path)} imports {name}"
        for path in files(".py")
        if not is_test(path) and not any(path.is_relative_to(ROOT / folder) for folder in ("bench", "chaos"))
        for name in imports(ast.parse(path.read_text()))
        if name.startswith("shared.testing")
    ]
    assert found == []


def outsiders(modules: list[Path], root: Path = ROOT) -> list[str]:
    """Imports of the library or of a service, lazy ones too."""
    return [
        f"{named(path, root)} imports {name}"
        for path in modules
        for name in imports(ast.parse(path.read_text()))
        if name.split(".")[0] in ("shared", "services")
    ]
