"""The operator's container: what it is told, a backup of the databases it reaches, and their way back."""

from pathlib import Path

import click
import psycopg
import pytest
import yaml
from click.testing import CliRunner
from dotenv import dotenv_values

from quintet import envfile
from quintet.backup import taking
from quintet.cli import main
from quintet.containers import __main__ as within
from quintet.containers import restoring, settings
from quintet.containers.system import ContainerSystem
from quintet.failing import Failed
from quintet.settings import OperatorSettings
from quintet.state import ROOT, SERVICES
from shared.objects import ObjectStore


def known(folder: Path) -> dict[str, str]:
    envfile.write(folder / ".env")
    return {name: value or "" for name, value in dotenv_values(folder / ".env", interpolate=False).items()}


class Laboratory:
    """A system's databases on a server of the test's own, its object store, its .env."""

    def __init__(self, server, folder: Path):
        self.store = ObjectStore(folder / "files")
        (folder / "outside").mkdir()
        (folder / "outside-keys").mkdir()
        self.system = ContainerSystem(known(folder), folder / "work", root=folder, host=f"127.0.0.1:{server.port}")
        self.system.lay_view()
        self.archive = folder / "one.backup"
        with self.system.administered() as admin:
            for service in SERVICES:
                password = self.system.known[f"{service.upper()}_DATABASE_PASSWORD"]
                admin.execute(f"CREATE ROLE {service} LOGIN PASSWORD '{password}'")
                admin.execute(f"CREATE DATABASE {service} OWNER {service}")
        for service in SERVICES:
            self.does(service, "CREATE TABLE files (storage_key text)")

    def does(self, service: str, statement: str, *values: object) -> list[tuple]:
        with psycopg.connect(self.system.url(service)) as connection:
            done = connection.execute(statement, values)
            return done.fetchall() if done.description else []

    def takes(self) -> None:
        taking.take(self.system.places(SERVICES, OperatorSettings()), self.archive, None, lambda _: None)

    def restores(self, *services: str) -> dict[str, str]:
        wanted = restoring.of_all(services)
        return restoring.restore(self.system, self.archive, None, wanted, OperatorSettings(), lambda _: None)

    def clear(self) -> None:
        with self.system.administered() as admin:
            for service in SERVICES:
                of_it = admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [service])
                for (name,) in of_it.fetchall():
                    admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
                admin.execute(f"DROP ROLE {service}")


@pytest.fixture
def laboratory(postgres_server, tmp_path):
    laboratory = Laboratory(postgres_server, tmp_path)
    yield laboratory
    laboratory.clear()


def test_a_backup_brings_databases_and_objects_back_all_or_none(laboratory):
    key = laboratory.store.put(b"a photograph").key
    laboratory.does("data", "INSERT INTO files VALUES (%s)", key)
    laboratory.takes()
    laboratory.does("data", "DELETE FROM files")
    (laboratory.store.folder / key).unlink()
    kept = laboratory.restores()
    assert set(kept) == set(SERVICES)
    assert laboratory.does("data", "SELECT storage_key FROM files") == [(key,)]
    assert (laboratory.store.folder / key).read_bytes() == b"a photograph"
    assert (laboratory.store.folder / key).stat().st_mode & 0o777 == 0o644
    before = laboratory.system.url("data", kept["data"])
    with psycopg.connect(before) as connection:
        assert connection.execute("SELECT * FROM files").fetchall() == []


def test_a_database_that_is_gone_wholly_or_new_and_empty_leaves_nothing_behind(laboratory):
    laboratory.takes()
    with laboratory.system.administered() as admin:
        admin.execute("DROP DATABASE data")
    laboratory.does("mail", "DROP TABLE files")
    assert set(laboratory.restores()) == {*SERVICES} - {"data", "mail"}
    assert laboratory.does("data", "SELECT * FROM files") == laboratory.does("mail", "SELECT * FROM files") == []


def test_services_outside_whose_list_is_gone_are_known_again_and_one_that_was_shut_out_stays_so(laboratory):
    register = laboratory.system.outsiders
    for name in ("shop", "stall"):
        register.add(name, ["data.*"])
    laboratory.system.lay_view()
    laboratory.takes()
    known = register.known()
    register.file.unlink()
    laboratory.restores("data")
    assert register.known() == known
    assert register.file.stat().st_mode & 0o777 == 0o644
    register.remove("shop")
    laboratory.restores("mail")
    assert list(register.known()) == ["stall"]


def test_one_service_goes_back_and_the_others_stay(laboratory):
    laboratory.takes()
    for service in ("data", "mail"):
        laboratory.does(service, "INSERT INTO files VALUES ('late')")
    assert set(laboratory.restores("data")) == {"data"}
    assert laboratory.does("data", "SELECT * FROM files") == []
    assert laboratory.does("mail", "SELECT * FROM files") == [("late",)]


def test_nothing_goes_back_under_a_process_that_is_at_work(laboratory):
    laboratory.takes()
    laboratory.does("data", "INSERT INTO files VALUES ('late')")
    with psycopg.connect(laboratory.system.url("data")), pytest.raises(Failed, match="data at work"):
        laboratory.restores()
    assert laboratory.does("data", "SELECT * FROM files") == [("late",)]


def test_two_restores_at_once_do_not_meet(laboratory):
    laboratory.takes()
    laboratory.does("data", "INSERT INTO files VALUES ('late')")
    with laboratory.system.administered() as other:
        restoring._be_alone(other)
        with pytest.raises(Failed, match="Another restore"):
            laboratory.restores()
    assert laboratory.does("data", "SELECT * FROM files") == [("late",)]
    assert "data" in laboratory.restores()


def test_a_server_that_lets_nobody_in_is_said(tmp_path):
    system = ContainerSystem(known(tmp_path), tmp_path / "work", host="127.0.0.1:1")
    with pytest.raises(Failed, match="does not let us in"), system.administered():
        pass


def test_an_archive_that_was_sealed_with_other_keys_is_refused(laboratory):
    laboratory.takes()
    laboratory.system.known["SIGNING_KEYS_SECRET"] = "another"
    with pytest.raises(Failed, match="SIGNING_KEYS_SECRET"):
        laboratory.restores()


def test_the_env_comes_out_of_an_archive_for_a_machine_that_has_none(laboratory, tmp_path):
    laboratory.takes()
    target = tmp_path / "new.env"
    asked = ["backup", "settings", str(laboratory.archive), "--to", str(target)]
    assert CliRunner().invoke(main, asked).exit_code == 0
    assert dotenv_values(target, interpolate=False) == laboratory.system.known
    assert target.stat().st_mode & 0o777 == 0o600
    assert "is there already" in CliRunner().invoke(main, asked).output


def test_no_system_of_one_machine_is_made_of_it(laboratory, tmp_path):
    laboratory.takes()
    asked = ["restore", str(laboratory.archive), "--yes", "--state", str(tmp_path / "var")]
    assert "no keys of one machine" in CliRunner().invoke(main, asked).output


def test_compose_hands_every_line_of_env_on_to_the_operator(tmp_path):
    handed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["operator"]["environment"]
    assert handed == settings.names()
    assert set(known(tmp_path)) <= set(handed)


def test_an_image_that_is_older_than_a_service_says_so_instead_of_leaving_it_out(tmp_path, monkeypatch):
    for name, value in known(tmp_path).items():
        monkeypatch.setenv(name, value)
    assert settings.read()["POSTGRES_PASSWORD"]
    monkeypatch.setenv("GREETER_DATABASE_PASSWORD", "secret")
    with pytest.raises(Failed, match="before greeter came: docker-compose build operator"):
        settings.read()


def test_it_says_how_it_is_run_where_it_was_told_nothing(monkeypatch):
    monkeypatch.delenv("POSTGRES_PASSWORD", raising=False)
    with pytest.raises(Failed, match="docker-compose run"):
        settings.read()


def test_an_archive_is_found_by_its_name_and_as_it_is_called_outside(monkeypatch, tmp_path):
    (tmp_path / "one.backup").touch()
    monkeypatch.setattr(within, "BACKUPS", tmp_path)
    monkeypatch.chdir("/")
    assert within.Archive().convert("one.backup", None, None) == tmp_path / "one.backup"
    assert within.Archive().convert("backups/one.backup", None, None) == tmp_path / "one.backup"
    with pytest.raises(click.BadParameter, match="does not exist"):
        within.Archive().convert("backups/two.backup", None, None)


def test_a_key_that_is_named_and_is_not_there_leaves_no_archive_unsealed(monkeypatch, tmp_path):
    monkeypatch.setattr(within, "KEY", tmp_path)  # as the engine makes a folder of what is not there
    with pytest.raises(Failed, match="BACKUP_KEY_FILE"):
        within._key(None)
