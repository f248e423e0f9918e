"""What the documents say is there: links, files, commands, tests, and Python that compiles."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, files, functions, named

PAGES = [path for path in files(".md") if path.is_relative_to(ROOT)]
TOP = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} - {"var"}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^( *)```python\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"(?:`|^ {4}|^```\n)make ([a-z0-9-]+)", re.MULTILINE)
PLACEHOLDERS = re.compile(r"[<>*{}…]|NNNN|\.\.\.")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    assert dead_links(page.read_text(), page.parent) == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_that_a_page_names_exists(page):
    assert missing_files(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_of_python_compiles(page):
    for number, (indent, block) in enumerate(BLOCK.findall(page.read_text())):
        compile(re.sub(f"^{indent}", "", block, flags=re.MULTILINE), f"{named(page)}, block {number}", "exec")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_make_command_that_a_page_names_exists(page):
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TYPED.findall(page.read_text())) - targets == set()


def test_every_guarantee_is_shown_by_a_test_that_exists():
    text = (ROOT / "docs/guarantees.md").read_text()
    shown = re.findall(r"`([\w/]+\.py)::(\w+)`", text)
    assert len(shown) > 25
    assert [f"{path}::{test}" for path, test in shown if test not in functions_of(ROOT / path)] == []


def test_every_promise_names_its_test():
    text = re.sub(r"<!-- faults: gen.*?<!-- faults: end -->", "", (ROOT / "docs/guarantees.md").read_text(), flags=re.S)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    promises = [line for line in rows if not line.startswith("| promise |")]
    assert [line for line in promises if "::test_" not in line] == []


def test_decisions_are_numbered_one_after_the_other_and_say_their_number():
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    assert all(page.read_text().startswith(f"# {int(page.name[:4])}. ") for page in pages)


def test_a_dead_link_and_a_missing_file_are_reported(tmp_path):
    text = "See [this](nowhere.md), [that](https://example.org) and `shared/nothing.py`, `services/<name>/app.py`."
    assert dead_links(text, tmp_path) == ["nowhere.md"]
    assert missing_files(text) == ["shared/nothing.py"]


def dead_links(text: str, folder: Path) -> list[str]:
    """Relative links that lead nowhere; a heading within a page must be one of its headings."""
    found = [link for link in LINK.findall(without_blocks(text)) if not re.match(r"[a-z]+:", link)]
    return [link for link in found if not leads_somewhere(link, text, folder)]


def leads_somewhere(link: str, text: str, folder: Path) -> bool:
    """Whether a relative link names a file and, after `#`, a heading in it."""
    place, _, heading = link.partition("#")
    target = folder / place
    if place and not target.exists():
        return False
    return not heading or heading in headings(target.read_text() if place else text)


def headings(text: str) -> set[str]:
    """The anchors of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def missing_files(text: str) -> list[str]:
    """Files of the repository that are named in backticks and are not there."""
    words = [code.split("::")[0].rstrip("/") for code in CODE.findall(without_blocks(text))]
    paths = [word for word in words if re.fullmatch(r"[\w.]+/\S*\w", word) and word.split("/")[0] in TOP]
    return [path for path in paths if not PLACEHOLDERS.search(path) and not (ROOT / path).exists()]


def without_blocks(text: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)


@cache
def functions_of(path: Path) -> set[str]:
    """The names of the functions in a module; none when it is not there."""
    return {function.name for function in functions(ast.parse(path.read_text()))} if path.is_file() else set()
