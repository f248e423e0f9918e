"""Pages that are generated from the code say what the code says: `make contracts` writes them anew."""

import json
from pathlib import Path

import pytest
import yaml

from quintet import compose_file, settings_page
from quintet.settings import OperatorSettings
from quintet.state import OURS as OURS_BY_NAME
from shared.events import document
from shared.events.schemas import catalogue_schemas
from shared.problems import every_problem
from shared.settings import Settings
from shared.web import catalogue
from tests.contracts.apps import OURS, SETTINGS
from tests.contracts.merged import merged_text

ROOT = Path(__file__).resolve().parents[2]


def test_the_golden_schemas_and_the_page_about_events_are_in_step():
    schemas = catalogue_schemas()
    assert (ROOT / "tests/contracts/events.json").read_text() == document.golden_text(schemas)
    assert (ROOT / "docs/events.md").read_text() == document.page(schemas)


def test_the_document_that_the_gateways_image_serves_is_in_step(apps):
    ordered = {cls.service: apps[cls.service] for cls in SETTINGS}
    assert (ROOT / "gateway/openapi.json").read_text() == merged_text(ordered)


def test_the_compose_file_is_in_step():
    assert (ROOT / "docker-compose.yml").read_text() == compose_file.rendered()


def test_a_service_of_an_author_s_own_gets_its_containers_its_database_and_its_redis_user():
    told = yaml.safe_load(compose_file.rendered((*OURS_BY_NAME, "greeter")))
    assert {"greeter", "greeter-bus", "greeter-migrate"} <= {*told["services"]}
    assert "greeter" in told["services"]["postgres"]["environment"]["SERVICES"].split()
    assert "~greeter:*" in told["services"]["redis"]["command"]
    assert json.loads(told["services"]["mail"]["environment"]["SOURCES"])["greeter"] == "http://greeter:8000"


def test_a_change_that_breaks_a_reader_is_not_written(tmp_path, capsys):
    golden = tmp_path / "events.json"
    golden.write_text(json.dumps({"auth.left": {}}))
    assert document.main(golden, tmp_path / "events.md") == 1
    assert "auth.left is gone" in capsys.readouterr().err
    assert json.loads(golden.read_text()) == {"auth.left": {}}


def test_the_page_about_problems_is_in_step(apps):
    ours = {one.__module__ for one in every_problem() if one.__module__.startswith(("shared.", "services."))}
    modules = sorted(module for module in ours if ".tests." not in module)
    assert (ROOT / "docs/problems.md").read_text() == catalogue.render(modules)


def test_the_page_about_settings_is_in_step():
    assert (ROOT / "docs/settings.md").read_text() == settings_page.page(list(OURS))


@pytest.mark.parametrize("cls", [Settings, OperatorSettings, *SETTINGS])
def test_every_setting_says_what_it_is(cls):
    assert [name for name, field in cls.model_fields.items() if not field.description] == []
