"""Restores on both databases, with real schemas and marks: of all that is down, and of a service among others."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from quintet.cli import main
from quintet.state import SERVICES
from quintet.tests.idle_system import IdleSystem
from shared.testing import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MARKS = "SELECT count(DISTINCT incarnation) FROM incarnations"


@pytest.fixture(params=["sqlite", "postgres"])
def system(request) -> Iterator[IdleSystem]:
    above = Path(tempfile.mkdtemp(prefix="quintet-restore-"))
    above.chmod(0o711)  # PostgreSQL's own user must get through
    try:
        yield IdleSystem(above / "var", request.param)
    finally:
        shutil.rmtree(above)


def test_a_system_that_is_down_is_put_back_and_each_of_its_databases_marked(system, tmp_path):
    first = system.store.put(b"of before").key
    with system.databases():
        system.discards(first)
        marks = {service: system.does(service, MARKS)[0][0] for service in SERVICES}
        keys = system.state.path("secrets/keys.json").read_text()
        backed_up(system, tmp_path / "all.backup")
        system.discards("of after")
    assert "Sound" in CliRunner().invoke(main, ["backup", "verify", str(tmp_path / "all.backup")]).output
    shutil.rmtree(system.state.path("files"))
    shutil.rmtree(system.state.path("secrets"))

    assert "Now run up" in system.types("restore", tmp_path / "all.backup", "--yes")

    assert system.state.path("secrets/keys.json").read_text() == keys
    assert system.store.path(first).read_bytes() == b"of before"
    with system.databases():
        assert system.does("data", "SELECT storage_key FROM discarded_objects") == [(first,)]
        assert {name: system.does(name, MARKS)[0][0] for name in SERVICES} == {name: marks[name] + 1 for name in marks}
    (aside,) = system.state.folder.glob("before-restore-*")
    assert (aside / ("data/data.db" if system.shape.database == "sqlite" else "postgres/PG_VERSION")).exists()
    assert not list(system.state.folder.glob(".restore-*"))


def test_one_service_is_put_back_and_the_others_are_left_alone(system, tmp_path):
    first, second = system.store.put(b"of before").key, system.store.put(b"of after").key
    with system.databases():
        system.discards(first)
        backed_up(system, tmp_path / "one.backup", "--service", "data")
        system.discards(second)
        marks = {service: system.does(service, MARKS)[0][0] for service in SERVICES}
    system.store.delete(first)

    assert "data is restored" in system.types("restore", tmp_path / "one.backup", "--service", "data", "--yes")

    assert [system.store.path(key).read_bytes() for key in (first, second)] == [b"of before", b"of after"]
    with system.databases():
        assert system.does("data", "SELECT storage_key FROM discarded_objects") == [(first,)]
        now = {service: system.does(service, MARKS)[0][0] for service in SERVICES}
        assert now == marks | {"data": marks["data"] + 1}
        if system.shape.database == "postgres":
            assert len(system.does("data", "SELECT 1 FROM pg_database WHERE datname ~ '^data_before_'")) == 1


@pytest.mark.parametrize("system", ["sqlite"], indirect=True)
def test_a_running_service_that_lost_its_data_gets_it_back_while_the_others_run_on(system, tmp_path):
    with system.running("auth", "auth-bus", "data", "data-bus") as supervisor, system.databases():
        first = system.store.put(b"of before").key
        system.discards(first)
        system.types("backup", "create", "--to", tmp_path / "one.backup")
        assert handled_of_auth(system) == 0
        register(system, "after@example.com")
        told = eventually(lambda: handled_of_auth(system), within=120)
        before = pids(supervisor)
        for file in system.state.path("data").iterdir():
            file.unlink(missing_ok=True)  # SQLite itself may take its log away meanwhile
        shutil.rmtree(system.state.path("files/files"))

        system.types("restore", tmp_path / "one.backup", "--service", "data", "--yes")

        assert system.does("data", "SELECT storage_key FROM discarded_objects") == [(first,)]
        assert system.store.path(first).read_bytes() == b"of before"
        eventually(lambda: handled_of_auth(system) >= told, within=120)  # auth has told it again
        now = pids(supervisor)
        assert {name for name in now if now[name] != before[name]} == {"data", "data-bus"}
        assert "run down first" in system.types("restore", tmp_path / "one.backup", "--yes", expecting=1)
        assert pids(supervisor) == now


def register(system: IdleSystem, email: str) -> None:
    url = f"http://127.0.0.1:{system.shape.ports['auth']}/v1/auth/accounts"
    requests.post(url, json={"email": email, "password": "a long password"}, timeout=60).raise_for_status()


def handled_of_auth(system: IdleSystem) -> int:
    """How many of auth's events data has in its database."""
    return system.does("data", "SELECT coalesce(sum(number), 0) FROM positions WHERE source = 'auth'")[0][0]


def pids(supervisor) -> dict[str, int]:
    return {name: info["pid"] for name, info in supervisor.processes().items()}


def backed_up(system: IdleSystem, file: Path, *words: str) -> None:
    """Takes a backup of the system where its databases are reached now."""
    system.state.save(system.reached)
    try:
        system.types("backup", "create", "--to", file, *words)
    finally:
        system.state.save(system.shape)
