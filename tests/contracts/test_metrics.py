"""What services measure, what docs/observe.md says of it, and what the rules for Prometheus ask: the same names."""

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from shared.bus.alarms import CODES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/observe.md").read_text()
RULES = ROOT / "deploy/prometheus/bus.rules.yml"
OF_THE_PROCESS = ("process_", "python_")
NAME = re.compile(r"\b(?:bus|commands|http|realtime)_[a-z_]+\b")


@pytest.fixture(scope="module")
def measured(apps) -> set[str]:
    """The names on /metrics of all services, but for what every Python process tells."""
    texts = [app.test_client().get("/metrics").text for app in apps.values()]
    names = {family.name for text in texts for family in text_string_to_metric_families(text)}
    return {name for name in names if not name.startswith(OF_THE_PROCESS)}


@pytest.fixture(scope="module")
def rules() -> list[dict]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_the_page_tells_of_every_metric_and_of_no_other(measured):
    table = PAGE.split("| metric | labels | |")[1].split("\n\n")[0]
    told = {name for row in table.splitlines() if row.startswith("| `") for name in NAME.findall(row.split(" | ")[0])}
    assert told == measured
    assert len(told) > 15


def test_the_rules_ask_for_what_is_measured(measured, rules):
    asked = {name for rule in rules for name in NAME.findall(rule["expr"])}
    assert asked
    assert asked - measured == set()


def test_every_alarm_has_its_rule_and_its_row_on_the_page(rules):
    assert sorted(rule["labels"]["alarm"] for rule in rules) == sorted(CODES)
    told = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert sorted(told) == sorted(CODES)


def test_every_rule_says_whom_it_wakes_and_names_the_service(rules):
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}
    assert [rule["alert"] for rule in rules if "job" not in rule["expr"] or not rule["annotations"]["summary"]] == []
