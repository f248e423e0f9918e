"""Restores of a system that is down, on both databases: real schemas, real marks, what was in place kept aside."""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from quintet import environment, ports
from quintet.backup.laying_out import cluster
from quintet.cli import main
from quintet.keys import Keys
from quintet.provisioning import Provisioning
from quintet.settings import OperatorSettings
from quintet.state import SERVICES, Shape, State
from shared.objects import ObjectStore

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MARKS = "SELECT count(DISTINCT incarnation) FROM incarnations"


class IdleSystem:
    """A state folder as `up` makes it, of which no process was started yet."""

    def __init__(self, folder: Path, database: str):
        self.state, self.settings = State(folder), OperatorSettings()
        self.state.make_folders()
        self.shape = Shape(database=database)
        for name in (*SERVICES, "redis", "postgres", "supervisor", "smtp"):
            self.shape.ports[name] = ports.choose(self.shape.ports.values())
        self.state.save(self.shape)
        environment.write_all(self.state, self.shape, self.settings, Keys(self.state))
        self.store = ObjectStore(self.state.path("files"))
        with self.databases() as shape:
            Provisioning(self.state, shape, self.settings, Keys(self.state), lambda *_: None).databases()

    @contextmanager
    def databases(self) -> Iterator[Shape]:
        """The databases can be reached within."""
        is_server = self.shape.database == "postgres"
        with cluster(self.state, Keys(self.state), self.settings) if is_server else nullcontext(0) as port:
            self.reached = dataclasses.replace(self.shape, ports={**self.shape.ports, "postgres": port})
            yield self.reached

    def does(self, service: str, statement: str, **values: object) -> list:
        """The rows that a statement gives, for which the databases must be reached."""
        url = environment.database_url(service, self.reached, Keys(self.state))
        url = url.replace("sqlite:///", f"sqlite:///{self.state.folder}/").replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                done = connection.execute(text(statement), values)
                return [tuple(row) for row in done] if done.returns_rows else []
        finally:
            engine.dispose()

    def discards(self, key: str) -> None:
        """A row of data's names an object."""
        self.does("data", "INSERT INTO discarded_objects (storage_key) VALUES (:key)", key=key)

    def types(self, *words: object) -> str:
        done = CliRunner().invoke(main, [*map(str, words), "--state", str(self.state.folder)])
        assert done.exit_code == 0, done.output
        return done.output


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
    assert CliRunner().invoke(main, ["backup", "verify", str(tmp_path / "all.backup")]).exit_code == 0
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


def backed_up(system: IdleSystem, file: Path, *words: str) -> None:
    """Takes a backup of the system where its databases are reached now."""
    system.state.save(system.reached)
    try:
        system.types("backup", "create", "--to", file, *words)
    finally:
        system.state.save(system.shape)
