"""Each service is told what it needs and nothing more; secrets are made once and are nobody else's."""

import base64
import json

import pytest
from dotenv import dotenv_values

from quintet import environment
from quintet.choosing import assign_ports
from quintet.keys import Keys
from quintet.settings import OperatorSettings
from quintet.state import SERVICES, Shape, State

SETTINGS = OperatorSettings()
ONLY = {
    "SIGNING_KEYS_SECRET": {"auth"},
    "EVENT_SEAL_KEYS": {"auth", "mail"},
    "FILES_DIR": {"data", "worker"},
    "SMTP_HOST": {"mail"},
}


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "var")
    state.make_folders()
    return state


def written(state: State, database: str = "sqlite", settings: OperatorSettings = SETTINGS) -> dict[str, dict]:
    shape = assign_ports(Shape(database=database, port=0, mail_port=0), settings, is_running=False)
    environment.write_all(state, shape, settings, Keys(state))
    return {name: dotenv_values(state.path("settings", f"{name}.env")) for name in (*SERVICES, "operator")}


@pytest.mark.parametrize("name", ONLY)
def test_a_secret_or_place_is_known_only_to_who_needs_it(state, name):
    assert {service for service, values in written(state).items() if name in values} == ONLY[name]


def test_no_service_holds_another_s_key_or_database_password(state):
    told, keys = written(state, "postgres"), Keys(state)
    for service in SERVICES:
        text = state.path("settings", f"{service}.env").read_text()
        for other in set(told) - {service}:
            assert keys.service_keys[other] not in text
            assert other == "operator" or keys.database_passwords[other] not in text


def test_every_service_has_its_own_database(state):
    assert len({values["DATABASE_URL"] for values in written(state).values()}) == len(SERVICES) + 1
    urls = written(state, "postgres")
    assert urls["data"]["DATABASE_URL"].startswith("postgresql://data:")


def test_settings_and_secrets_are_readable_by_their_owner_alone(state):
    written(state)
    Keys(state).admin_password()
    for file in [*state.path("settings").iterdir(), *state.path("secrets").iterdir()]:
        assert file.stat().st_mode & 0o777 == 0o600, file


def test_secrets_are_made_once(state):
    first = Keys(state)
    password = first.admin_password()
    assert Keys(state).redis_password == first.redis_password
    assert Keys(state).admin_password() == password


def test_a_public_key_belongs_to_each_private_one(state):
    public = json.loads(written(state)["data"]["SERVICE_PUBLIC_KEYS"])
    assert set(public) == {*SERVICES, "operator"}
    assert {len(base64.b64decode(key)) for key in public.values()} == {32}


def test_an_operator_s_own_lines_win(state):
    state.path("overrides", "auth.env").write_text("ACCESS_TOKEN_MINUTES=1\nLOG_LEVEL=DEBUG\n")
    values = written(state)["auth"]
    assert (values["ACCESS_TOKEN_MINUTES"], values["LOG_LEVEL"]) == ("1", "DEBUG")


def test_mail_goes_to_the_catcher_unless_a_server_is_named(state):
    assert written(state)["mail"]["SMTP_SECURITY"] == "none"
    named = written(state, settings=OperatorSettings(smtp_host="smtp.example", smtp_password="a#b'c"))["mail"]
    assert (named["SMTP_HOST"], named["SMTP_SECURITY"], named["SMTP_PORT"]) == ("smtp.example", "starttls", "587")
    assert named["SMTP_PASSWORD"] == "a#b'c"
