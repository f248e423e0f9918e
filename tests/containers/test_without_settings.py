"""Compose refuses to start without the secrets, and says which is missing; two that migrate at once are safe."""

import re
import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.containers import compose_command
from demo.system import ROOT


def config(env_file) -> subprocess.CompletedProcess:
    """What Compose makes of the file with these settings."""
    command = [*compose_command(), "-p", "quintet-config", "--env-file", str(env_file), "config", "--quiet"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)


def required() -> list[str]:
    """Every setting without which Compose is to refuse."""
    return sorted({*re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text())})


def test_without_any_settings_compose_refuses_and_says_what_to_do(system, tmp_path):
    (tmp_path / ".env").touch()
    done = config(tmp_path / ".env")
    assert done.returncode != 0
    assert "run make env" in done.stderr


@pytest.mark.parametrize("missing", ["POSTGRES_PASSWORD", "AUTH_SERVICE_KEY", "MAIL_REDIS_HASH", "EVENT_SEAL_KEYS"])
def test_without_one_of_them_it_says_which(system, tmp_path, missing):
    assert missing in required()
    lines = system.env_file.read_text().splitlines()
    (tmp_path / ".env").write_text("\n".join(line for line in lines if not line.startswith(f"{missing}=")) + "\n")
    done = config(tmp_path / ".env")
    assert done.returncode != 0
    assert done.stderr.strip().endswith(f"{missing} is missing, run make env")


def test_no_required_setting_has_a_default_elsewhere_in_the_file():
    text = (ROOT / "docker-compose.yml").read_text()
    assert len(required()) > 25
    assert [name for name in required() if re.search(rf"\$\{{{name}(:?-|\}})", text)] == []


@pytest.fixture
def empty_database(system):
    """Another, empty database of auth's role, as at a first start; its URL inside the project."""
    name = f"auth_{secrets.token_hex(4)}"
    superuser = ("psql", "--quiet", "--username", "postgres", "--dbname", "postgres", "--command")
    system.run_in("postgres", *superuser, f"CREATE DATABASE {name} OWNER auth")
    yield f"postgresql://auth:{system.known['AUTH_DATABASE_PASSWORD']}@postgres:5432/{name}"
    system.run_in("postgres", *superuser, f"DROP DATABASE {name} WITH (FORCE)")


def test_two_that_migrate_an_empty_database_at_once_both_end_well(system, empty_database):
    once = ["run", "--rm", "--no-deps", "-T", "-e", f"DATABASE_URL={empty_database}", "auth-migrate"]
    with ThreadPoolExecutor(2) as pool:
        for ended in [pool.submit(system.compose, *once, within=300) for _ in range(2)]:
            ended.result()
    tables = ("psql", "--tuples-only", "--username", "postgres", "--dbname", empty_database.rpartition("/")[2])
    found = system.run_in("postgres", *tables, "--command", "SELECT tablename FROM pg_tables").split()
    assert {"accounts", "outbox"} <= {*found}
