"""Migrations follow the house's form: named alike, told in a sentence, to be undone, one head a branch."""

import ast
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.architecture.sources import ROOT, SERVICES, functions, named

PLUMBING = ROOT / "shared/database/migrations"
BRANCHES = {"shared": PLUMBING} | {name: ROOT / f"services/{name}/migrations" for name in SERVICES}
NAMED_OTHERWISE = {"shared_idempotency", "shared_revocations"}
"""Revisions from before ids were numbered; databases know them by these names, so they keep them."""
MODULES = [
    (branch, module) for branch, folder in BRANCHES.items() for module in sorted((folder / "versions").glob("*.py"))
]


def slips(branch: str, module: Path) -> list[str]:
    """What is wrong with a migration's form."""
    tree = ast.parse(module.read_text())
    defined = {function.name: function for function in functions(tree)}
    given = {
        target.id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id in ("revision", "down_revision", "branch_labels")
    }
    checks = {
        "has no docstring": bool(ast.get_docstring(tree)),
        "has no upgrade": "upgrade" in defined,
        "has no downgrade": "downgrade" in defined,
        "does nothing in its downgrade, and does not say so": says_or_does(defined.get("downgrade")),
        "is not named after its revision": is_named_alike(branch, module, given.get("revision", "")),
        "begins a branch and does not label it": bool(given["down_revision"]) or given["branch_labels"] == (branch,),
    }
    return [f"{module.name} {wrong}" for wrong, is_right in checks.items() if not is_right]


def says_or_does(function: ast.FunctionDef | ast.AsyncFunctionDef | None) -> bool:
    """Whether the function is more than `pass`."""
    return function is None or not all(isinstance(node, ast.Pass) for node in function.body)


def is_named_alike(branch: str, module: Path, revision: str) -> bool:
    """`NNNN_what.py` holds `<branch>_NNNN`; the plumbing's files bear the branch in front, as their ids do."""
    if revision in NAMED_OTHERWISE:
        return module.stem == revision
    numbered = revision.removeprefix(f"{branch}_")
    start = f"{revision}_" if branch == "shared" else f"{numbered}_"
    return (
        revision.startswith(f"{branch}_")
        and len(numbered) == 4
        and numbered.isdigit()
        and module.stem.startswith(start)
    )


@pytest.mark.parametrize(("branch", "module"), MODULES, ids=lambda one: named(one) if isinstance(one, Path) else one)
def test_a_migration_has_the_form_of_the_others(branch, module):
    assert slips(branch, module) == []


@pytest.mark.parametrize("service", SERVICES)
def test_each_branch_has_one_head(service):
    config = Config()
    config.set_main_option("script_location", str(PLUMBING))
    config.set_main_option("path_separator", "newline")
    config.set_main_option(
        "version_locations", "\n".join(str(BRANCHES[name] / "versions") for name in ("shared", service))
    )
    script = ScriptDirectory.from_config(config)
    labels = [sorted(script.get_revision(head).branch_labels) for head in script.get_heads()]
    assert sorted(labels) == sorted([["shared"], [service]])


def test_a_migration_that_can_not_be_undone_is_reported(tmp_path):
    module = tmp_path / "0002_colours.py"
    module.write_text('revision = "mail_0003"\ndown_revision = None\nbranch_labels = None\n\ndef upgrade(): ...\n')
    assert slips("mail", module) == [
        "0002_colours.py has no docstring",
        "0002_colours.py has no downgrade",
        "0002_colours.py is not named after its revision",
        "0002_colours.py begins a branch and does not label it",
    ]


def test_a_downgrade_that_is_left_empty_is_reported(tmp_path):
    module = tmp_path / "0001_colours.py"
    text = '"""Colours."""\nrevision = "mail_0001"\ndown_revision = None\nbranch_labels = ("mail",)\n\n'
    module.write_text(f"{text}def upgrade(): ...\ndef downgrade():\n    pass\n")
    assert slips("mail", module) == ["0001_colours.py does nothing in its downgrade, and does not say so"]
