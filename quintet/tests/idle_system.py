"""A state folder as `up` makes it, with real databases, and as many of its processes as a test starts."""

import dataclasses
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import create_engine, text

from quintet import binaries, environment, ports, processes, provisioning, readiness, supervision
from quintet.backup.laying_out import cluster
from quintet.keys import Keys
from quintet.settings import OperatorSettings
from quintet.state import ROOT, SERVICES, Shape, State
from shared.objects import ObjectStore


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
            provisioning.Provisioning(self.state, shape, self.settings, Keys(self.state), lambda *_: None).databases()

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

    def types(self, *words: object, expecting: int = 0) -> str:
        """What the command says; fails where it does not end with that status."""
        command = [str(ROOT / "bin/quintet"), *map(str, words), "--state", str(self.state.folder)]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/")
        assert done.returncode == expecting, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def running(self, *names: str) -> Iterator[supervision.Supervisor]:
        """Redis and these processes run within, under their supervisor."""
        keys = Keys(self.state)
        provisioning.write_redis(self.state, self.shape, keys)
        servers = processes.server_processes(self.state, self.shape, processes.Programs(binaries.redis(self.settings)))
        known = [*servers, *processes.service_processes(self.shape)]
        table = [process for process in known if process.name in ("redis", *names)]
        supervision.write_configuration(self.state, self.shape, keys, table)
        supervisor = supervision.Supervisor(self.state, self.shape, keys)
        try:
            supervisor.launch()
            for process in table:
                supervisor.start(process.name)
            readiness.wait_for(self.state, supervisor, table, 120, lambda *_: None)
            yield supervisor
        finally:
            supervisor.close()
            self.types("down")
