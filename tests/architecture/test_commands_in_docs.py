"""What the pages have an operator type is there: commands of bin/quintet and of the operator's container, Compose's."""

import re
from pathlib import Path

import click
import pytest
import yaml

from quintet.cli import main
from quintet.containers.__main__ import main as in_containers
from tests.architecture.sources import ROOT, files, named

PAGES = [path for path in files(".md") if path.is_relative_to(ROOT) and path.name != "CHANGELOG.md"]
CODE = re.compile(r"`([^`\n]+)`|^ {4}(.+)$|^((?:docker-compose|bin/quintet) .+)$", re.MULTILINE)
QUINTET = re.compile(r"(?<![=\w])(?:bin/)?quintet ((?:[a-z][a-z-]*(?: |$))+)")
COMPOSE = re.compile(r"docker-compose ([^|&;#]+)")
ACTIONS = {"up", "down", "build", "ps", "logs", "stop", "start", "restart", "run", "exec", "kill", "rm", "config"}
WITH_VALUE = {"-s", "--tail", "-U", "-c", "--scale", "--service", "-e", "--command", "-n"}
PLACEHOLDER = re.compile(r"[<…*]|^-")


def commands(text: str) -> list[str]:
    """Every piece of code on a page, comments aside."""
    return [next(filter(None, found)).split("  #")[0].strip() for found in CODE.findall(text)]


def unknown_to(group: click.Command, words: list[str]) -> str | None:
    """The first word that should be a subcommand and is none."""
    for word in words:
        if not isinstance(group, click.Group):
            return None
        if "|" in word or PLACEHOLDER.search(word):
            return None
        if word not in group.commands:
            return word
        group = group.commands[word]
    return None


def wrong_in_quintet(text: str) -> list[str]:
    """What of bin/quintet's commands on a page does not exist."""
    lines = [found for code in commands(text) for found in QUINTET.findall(code)]
    return [line for line in lines if unknown_to(main, line.split())]


def wrong_in_compose(text: str) -> list[str]:
    """What of Compose's commands on a page does not exist."""
    return [code for code in commands(text) for found in COMPOSE.findall(code) if _is_wrong(found.split())]


def _is_wrong(words: list[str]) -> bool:
    known = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    plain, is_value = [], False
    for word in words:
        if word.startswith("-") or is_value:
            is_value = word in WITH_VALUE and not is_value
            if "=" in word and not word.startswith("-"):
                plain.append(word.split("=")[0])  # of --scale: data=3
            continue
        plain.append(word)
    action, *named_ = plain or ["…"]
    if PLACEHOLDER.search(action):
        return False
    if action not in ACTIONS:
        return True
    if action in ("run", "exec"):
        service, *rest = named_
        return service not in known or (service == "operator" and bool(unknown_to(in_containers, rest)))
    return any(name not in known for name in named_ if not PLACEHOLDER.search(name))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_of_quintet_that_a_page_names_exists(page):
    assert wrong_in_quintet(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_of_compose_that_a_page_names_exists_and_its_containers_too(page):
    assert wrong_in_compose(page.read_text()) == []


def test_a_command_that_is_not_there_is_reported():
    assert wrong_in_quintet("Type `bin/quintet backup take` or `quintet bus status --watch`.") == ["backup take"]
    text = "    docker-compose up -d --scale dato=3\n    docker-compose logs data\n"
    assert wrong_in_compose(text) == ["docker-compose up -d --scale dato=3"]
    assert wrong_in_compose("`docker-compose run --rm operator backup take`") != []
    assert wrong_in_compose("`docker-compose explode`") != []


def test_the_page_has_its_commands_found():
    text = Path(ROOT / "docs/operate.md").read_text()
    assert len([code for code in commands(text) if "docker-compose" in code]) > 30
