"""Backups of a test's database: a copy taken while it is in use, put back in its place later."""

import shutil
from pathlib import Path

import psycopg

from shared.database.engine import sqlite_driver


class SqliteBackup:
    """A copy of a SQLite file as of one commit, its log included."""

    def __init__(self, url: str):
        self.file = Path(url.removeprefix("sqlite:///"))
        self.copy = self.file.with_suffix(".backup")

    def take(self) -> None:
        """Copies the file as it stands; writers go on."""
        driver = sqlite_driver()
        source, target = driver.connect(self.file), driver.connect(self.copy)
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()

    def put_back(self) -> None:
        """Puts the copy in the file's place; nobody may have it open."""
        for suffix in ("-wal", "-shm"):
            Path(f"{self.file}{suffix}").unlink(missing_ok=True)
        shutil.copy(self.copy, self.file)


class PostgresBackup:
    """A copy of a database as of one moment; its users are disconnected for it, and connect again."""

    def __init__(self, url: str):
        self.server, self.name = url.rsplit("/", 1)
        self.copy = f"{self.name}_backup"

    def take(self) -> None:
        self._copy(self.name, self.copy)

    def put_back(self) -> None:
        self._copy(self.copy, self.name)

    def drop(self) -> None:
        """Leaves no copy behind."""
        with self._connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{self.copy}" WITH (FORCE)')

    def _copy(self, source: str, target: str) -> None:
        with self._connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')
            connection.execute(f'ALTER DATABASE "{source}" ALLOW_CONNECTIONS false')
            try:
                connection.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [source]
                )
                connection.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
            finally:
                connection.execute(f'ALTER DATABASE "{source}" ALLOW_CONNECTIONS true')
            connection.execute(f'ALTER DATABASE "{target}" ALLOW_CONNECTIONS true')

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(f"{self.server}/postgres", autocommit=True)


def backup_of(url: str) -> SqliteBackup | PostgresBackup:
    """The kind of backup that fits a database's URL."""
    return SqliteBackup(url) if url.startswith("sqlite") else PostgresBackup(url)
