"""A backup under load, then a loss: one service gets its part back while the others run, or the system all of it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from demo.client import Refused
from demo.system import ROOT, System
from demo.waiting import eventually
from demo.watching import id_in
from tests.e2e.freezing import frozen, wait_until_whole
from tests.e2e.people import PORTRAIT, airport
from tests.e2e.writing import ids, variants_of, writing


@pytest.fixture(autouse=True)
def whole_afterwards(in_our_hands, cast):
    yield  # before the people of the scenario leave
    wait_until_whole(in_our_hands)


def lose_database(system: System, service: str) -> None:
    """Its database is gone, under the running service."""
    shape = json.loads((system.state / "state.json").read_text())
    if shape["database"] == "sqlite":
        for file in (system.state / service).iterdir():
            file.unlink(missing_ok=True)  # SQLite itself may take its log away meanwhile
        return
    password = json.loads((system.state / "secrets/keys.json").read_text())["postgres_password"]
    address = {"host": "127.0.0.1", "port": shape["ports"]["postgres"], "user": "postgres", "password": password}
    with psycopg.connect(**address, dbname="postgres", autocommit=True) as connection:
        eventually(lambda: drops(connection, service), "its database is gone")


def drops(connection: psycopg.Connection, name: str) -> bool:
    """Whether the database is gone; not where who was in it needs more than the five seconds that PostgreSQL gives."""
    try:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    except psycopg.errors.ObjectInUse:
        return False
    return True


def test_a_service_that_lost_its_database_and_objects_is_refilled(system, ada, ben, airports, tmp_path):
    archive, key = tmp_path / "one.backup", tmp_path / "key"
    key.write_text("a key for this test alone")
    sealed = ["--key-file", str(key)]
    pictured = ada.creates(airports, **airport())["id"]
    with frozen(system, "worker", "worker-bus", "worker-tasks"):
        ada.uploads(airports, pictured, "photo", PORTRAIT, "image/jpeg")
        with writing(ben, airports) as answered:
            before = {pictured, *answered}
            system.operate("backup", "create", "--to", str(archive), *sealed)
            in_time = len(answered)
            eventually(lambda: len(answered) > in_time, "a write after the backup")
    photo = eventually(lambda: variants_of(ada, airports, pictured), "the variants")
    assert "Sound" in verified(archive, *sealed)

    lose_database(system, "data")
    shutil.rmtree(system.state / "files/files")
    system.operate("restore", str(archive), "--service", "data", "--yes", *sealed)

    wait_until_whole(system)
    assert before <= ids(ada, airports)
    again = eventually(lambda: variants_of(ada, airports, pictured), "the variants, told again", within=180)
    assert again["variants"].keys() == photo["variants"].keys()
    assert ada.api.send("GET", again["url"]).content == PORTRAIT.read_bytes()
    watching = ben.watches(airports)
    late = ada.creates(airports, **airport(7))["id"]
    eventually(lambda: late in [id_in(change) for change in watching.changes], "the socket tells of it")


def verified(archive: Path, *options: str) -> str:
    """What the operator's command says of an archive, for which no system is needed."""
    command = [sys.executable, "-m", "quintet", "backup", "verify", str(archive), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_system_that_lost_everything_comes_back(system, ada, airports, tmp_path):
    archive = tmp_path / "all.backup"
    before = {ada.creates(airports, **airport(number))["id"] for number in range(5)}
    ada.uploads(airports, min(before), "photo", PORTRAIT, "image/jpeg")
    eventually(lambda: variants_of(ada, airports, min(before)), "the variants, of which nobody is told again later")
    system.operate("backup", "create", "--to", str(archive))
    late = ada.creates(airports, **airport(9))["id"]
    with pytest.raises(AssertionError, match="run down first"):
        system.operate("restore", str(archive), "--yes")

    system.operate("down")
    for path in system.state.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    system.operate("restore", str(archive), "--yes")
    system.operate("up")

    assert ids(ada, airports) == before
    shown = ada.reads(airports, min(before))["photo"]
    assert ada.api.send("GET", shown["url"]).content == PORTRAIT.read_bytes()
    with pytest.raises(Refused):
        ada.reads(airports, late)
    ada.signs_in()
    watching = ada.watches(airports)
    watching.expect([("created", ada.creates(airports, **airport(8))["id"])])
