"""Settings: from the environment, the file behind it, all errors at once, and no secret shown."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from shared.settings import Settings

ROOT = Path(__file__).parents[2]
GOOD = {
    "DATABASE_URL": "sqlite:///x.db",
    "BUS_URL": "redis://:hidden@127.0.0.1:1/0",
    "CELERY_URL": "redis://127.0.0.1:1/0",
    "CACHE_URL": "redis://127.0.0.1:1/0",
    "PUBLIC_URL": "http://127.0.0.1:8080/",
    "SOURCES": '{"auth":"http://127.0.0.1:2"}',
    "JWKS_URL": "http://127.0.0.1:2/.well-known/jwks.json",
    "TOKEN_ISSUER": "http://127.0.0.1:8080",
    "SERVICE_PRIVATE_KEY": base64.b64encode(b"a PRIVATE KEY\nhidden").decode(),
    "SERVICE_PUBLIC_KEYS": "{}",
}


@pytest.fixture
def environment(monkeypatch):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_environment_is_read(environment):
    settings = Settings()
    assert settings.sources == {"auth": "http://127.0.0.1:2"}
    assert settings.public_url == "http://127.0.0.1:8080"


def test_the_settings_file_is_read_and_the_environment_wins(environment, tmp_path):
    file = tmp_path / "auth.env"
    file.write_text("LOG_LEVEL=DEBUG\nTOKEN_AUDIENCE=from-file\nANOTHER=1\n")
    environment.setenv("SETTINGS_FILE", str(file))
    environment.setenv("TOKEN_AUDIENCE", "from-environment")
    assert (Settings().log_level, Settings().token_audience) == ("DEBUG", "from-environment")


def test_everything_wrong_is_said_at_once_and_the_process_ends_with_2(environment, capsys):
    environment.delenv("BUS_URL")
    environment.setenv("DATABASE_URL", "mysql://hidden")
    environment.setenv("LOG_LEVEL", "LOUD")
    environment.setenv("SERVICE_PRIVATE_KEY", "hidden")
    environment.setenv("SERVICE_PUBLIC_KEYS", '{"data": "hidden"}')
    with pytest.raises(SystemExit) as ended:
        Settings()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert all(name in said for name in ("BUS_URL", "DATABASE_URL", "LOG_LEVEL", "PRIVATE_KEY", "PUBLIC_KEYS"))
    assert "hidden" not in said


@pytest.mark.parametrize("name", ["BUS_URL", "CELERY_URL", "CACHE_URL"])
def test_a_broker_that_nothing_here_speaks_to_is_refused_without_telling_its_password(environment, capsys, name):
    environment.setenv(name, "kafka://:hidden@127.0.0.1")
    with pytest.raises(SystemExit):
        Settings()
    said = capsys.readouterr().err
    assert (name in said, "hidden" in said) == (True, False)


def test_rabbitmq_may_carry_events_and_tasks_but_is_no_cache(environment):
    for name in ("BUS_URL", "CELERY_URL"):
        environment.setenv(name, "amqp://quintet:hidden@127.0.0.1:5672//")
    assert Settings().bus_url.startswith("amqp://")
    environment.setenv("CACHE_URL", "amqp://127.0.0.1")
    with pytest.raises(SystemExit):
        Settings()


def test_a_map_that_is_no_json_ends_the_process_with_2(environment, capsys):
    environment.setenv("SOURCES", "{nonsense")
    with pytest.raises(SystemExit) as ended:
        Settings()
    assert ended.value.code == 2
    assert "sources" in capsys.readouterr().err


def test_secrets_are_not_shown(environment):
    assert "hidden" not in repr(Settings())
    assert GOOD["SERVICE_PRIVATE_KEY"] not in repr(Settings())


def test_a_services_settings_can_be_checked_by_a_process_of_its_own():
    command = [sys.executable, "-m", "shared.settings", "services.auth.settings"]
    told = {"BUS_URL": "redis://:hidden@127.0.0.1:1/0"}
    done = subprocess.run(command, env=told, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 2
    assert "SIGNING_KEYS_SECRET" in done.stderr
    assert "BUS_URL" not in done.stderr
    assert "Traceback" not in done.stderr
