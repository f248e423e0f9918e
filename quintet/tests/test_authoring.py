"""A new service is what the guide says, word for word, small, and refused where its name can't be."""

import ast
import re
import shutil
from pathlib import Path

import pytest

from quintet.authoring import PLACES, TEMPLATE, new_service
from quintet.failing import Failed
from quintet.state import OURS, ROOT, discovered

GUIDE = (ROOT / "docs/add-a-service.md").read_text()
BLOCKS = dict(re.findall(r"^```python\n# (\S+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL))


@pytest.fixture
def tree(tmp_path) -> Path:
    """What a new service is laid into."""
    for file in ("pyproject.toml", "requirements/local.in"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "shared/events").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("source", [source for source in PLACES if source.endswith(".py.in")])
def test_the_guide_shows_the_template_word_for_word(source):
    assert BLOCKS[PLACES[source].format(name="greeter")] == (TEMPLATE / source).read_text()


def test_event_handler_and_command_take_thirty_lines():
    counted = [lines_of((TEMPLATE / source).read_text()) for source in ("events.py.in", "app.py.in", "tasks.py.in")]
    assert sum(counted) <= 30


def test_a_new_service_is_found_and_named_where_rules_are_written(tree):
    written = new_service("shop_keeper", tree)
    assert all(file.is_file() for file in written)
    assert not any("greeter" in file.read_text() for file in written)
    assert discovered(tree / "services") == (*OURS, "shop_keeper")
    assert "-r ../services/shop_keeper/requirements.in\n" in (tree / "requirements/local.in").read_text()
    rules = (tree / "pyproject.toml").read_text()
    assert rules.count('"services.shop_keeper"') == rules.count('"services.worker"') > 0


@pytest.mark.parametrize("name", ["auth", "gateway", "events", "Shop", "a", "1st", "../up", "x" * 40])
def test_a_name_that_can_not_be_is_refused(tree, name):
    with pytest.raises(Failed):
        new_service(name, tree)
    assert not (tree / "services").exists()


def test_a_service_that_is_there_is_not_written_over(tree):
    new_service("shop", tree)
    (tree / "services/shop/app.py").write_text("mine")
    with pytest.raises(Failed, match="is there already"):
        new_service("shop", tree)
    assert (tree / "services/shop/app.py").read_text() == "mine"


def lines_of(text: str) -> int:
    """Lines of code: what is no docstring, no import and not empty."""
    tree = ast.parse(text)
    skipped = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) or is_docstring(node)]
    gone = {line for node in skipped for line in range(node.lineno, node.end_lineno + 1)}
    return sum(1 for number, line in enumerate(text.splitlines(), 1) if line.strip() and number not in gone)


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
