"""What the services need before they can run: servers' settings, databases with their schema, the first admin."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from quintet import binaries, files, postgres
from quintet.environment import database_url
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.processes import flask
from quintet.settings import OperatorSettings
from quintet.state import SERVICES, Shape, State
from quintet.supervision import base_environment

REDIS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


def write_redis(state: State, shape: Shape, keys: Keys) -> None:
    """Writes what the Redis-compatible server reads from its standard input."""
    values = {"port": shape.ports["redis"], "password": keys.redis_password, "folder": state.path("redis")}
    files.write(state.path("run", "redis.conf"), REDIS.format(**values))


@dataclass
class Provisioning:
    """The steps of one `up`, each safe to run again."""

    state: State
    shape: Shape
    settings: OperatorSettings
    keys: Keys
    say: Callable[[str, float | None], None]

    def cluster(self) -> None:
        """PostgreSQL's cluster, where PostgreSQL was chosen."""
        if self.shape.database == "postgres":
            began = time.monotonic()
            programs, user = binaries.postgres(self.settings), postgres.run_as(self.settings)
            postgres.prepare(self.state, programs, self.keys, user)
            self.say("PostgreSQL's cluster", time.monotonic() - began)

    def databases(self) -> None:
        """Every service's own database, its schema up to date."""
        began = time.monotonic()
        if self.shape.database == "postgres":
            self._create_databases()
        for service in SERVICES:
            self.migrate(service)
        self.say("schemas up to date", time.monotonic() - began)

    def admin(self) -> None:
        """The first admin, once in each kind of database."""
        if self.shape.database in self.shape.admins:
            return
        command = flask("auth", "create-admin", "--email", self.settings.admin_email)
        environment = {**base_environment(self.state), "SETTINGS_FILE": "settings/auth.env"}
        password = self.keys.admin_password() + "\n"
        given = {"input": password, "capture_output": True, "text": True, "cwd": self.state.folder}
        done = subprocess.run(command, env=environment, check=False, **given)
        if done.returncode:
            raise Failed(f"Creating the first admin failed:\n{done.stdout}{done.stderr}")
        self.state.remember(admins=[*self.shape.admins, self.shape.database])
        self.say(f"admin {self.settings.admin_email} created", None)

    def _create_databases(self) -> None:
        port, deadline = self.shape.ports["postgres"], time.monotonic() + self.settings.ready_within_seconds
        while not postgres.accepts(port, self.keys):
            if time.monotonic() > deadline:
                raise Failed(f"PostgreSQL lets nobody in; its log is {self.state.path('log', 'postgres.log')}.")
            time.sleep(0.05)
        postgres.create_databases(port, self.keys)

    def migrate(self, service: str, url: str | None = None) -> None:
        """The same as `flask migrate`, without a process and an app for each service."""
        from shared.database import Database, migrator

        given = url or database_url(service, self.shape, self.keys)
        url = given.replace("sqlite:///", f"sqlite:///{self.state.folder}/")
        database = Database(migrations=f"services/{service}/migrations").connect(url)
        try:
            migrator.upgrade(database)
        except Exception as error:
            raise Failed(f"Migrating {service} failed: {type(error).__name__}: {error}") from error
        finally:
            database.dispose()
