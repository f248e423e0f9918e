"""What the services need before they can run: servers' settings, databases with their schema, the first admin."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from quintet import binaries, files, postgres
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
        running = {service: self._begin(service, "migrate") for service in SERVICES}
        failed = {service: text for service, process in running.items() if (text := _finish(process)) is not None}
        if failed:
            raise Failed("\n".join(f"Migrating {service} failed:\n{text}" for service, text in failed.items()))
        self.say("schemas up to date", time.monotonic() - began)

    def admin(self) -> None:
        """The first admin, once in each kind of database."""
        if self.shape.database in self.shape.admins:
            return
        process = self._begin("auth", "create-admin", "--email", self.settings.admin_email)
        text = _finish(process, self.keys.admin_password() + "\n")
        if text is not None:
            raise Failed(f"Creating the first admin failed:\n{text}")
        self.state.remember(admins=[*self.shape.admins, self.shape.database])
        self.say(f"admin {self.settings.admin_email} created", None)

    def _create_databases(self) -> None:
        port, deadline = self.shape.ports["postgres"], time.monotonic() + self.settings.ready_within_seconds
        while not postgres.accepts(port, self.keys):
            if time.monotonic() > deadline:
                raise Failed(f"PostgreSQL lets nobody in; its log is {self.state.path('log', 'postgres.log')}.")
            time.sleep(0.05)
        postgres.create_databases(port, self.keys)

    def _begin(self, service: str, *words: str) -> subprocess.Popen:
        environment = {**base_environment(self.state), "SETTINGS_FILE": f"settings/{service}.env"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(flask(service, *words), env=environment, cwd=self.state.folder, **pipes)


def _finish(process: subprocess.Popen, text: str | None = None) -> str | None:
    """What the process said where it failed, else nothing."""
    output, _ = process.communicate(text)
    return output.strip() if process.returncode else None
