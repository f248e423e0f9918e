"""A small system's folder to back up: two databases with rows, objects that they name, keys and settings."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from quintet.backup.taking import Places, take
from quintet.state import State
from shared.objects import ObjectStore


class SmallSystem:
    """The folder of a system that was never up: what a backup reads, and nothing that runs."""

    def __init__(self, folder: Path):
        self.state = State(folder)
        self.state.make_folders()
        self.state.path("state.json").write_text(json.dumps({"database": "sqlite"}))
        self.state.path("secrets/keys.json").write_text('{"redis_password": "secret"}')
        self.state.path("overrides/mail.env").write_text("LOG_LEVEL=DEBUG\n")
        self.store = ObjectStore(self.state.path("files"))
        self.photo = self.store.put(b"a photograph").key
        self.unnamed = self.store.put(b"of an upload that nobody has finished").key
        with self.database("auth") as connection:
            connection.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, email TEXT, note BLOB)")
            rows = [(f"p{number}@example.com", bytes([number])) for number in range(200)]
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO accounts (email, note) VALUES (?, ?)", rows)
            connection.execute("COMMIT")
        with self.database("data") as connection:
            connection.execute("CREATE TABLE files (id INTEGER PRIMARY KEY, storage_key TEXT)")
            connection.execute("CREATE TABLE imports (id INTEGER PRIMARY KEY, storage_key TEXT)")
            connection.execute('CREATE TABLE "an ""odd"" one" (x REAL)')
            connection.execute("INSERT INTO files (storage_key) VALUES (?)", [self.photo])

    def file(self, service: str) -> Path:
        return self.state.path(service, f"{service}.db")

    def database(self, service: str) -> closing[sqlite3.Connection]:
        connection = sqlite3.connect(self.file(service), isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        return closing(connection)

    def takes(self, target: Path, key: bytes | None = None, services: tuple[str, ...] = ("auth", "data")):
        """Backs these databases up; the manifest."""
        urls = {service: f"sqlite:///{self.file(service)}" for service in services}
        places = Places(urls, self.state.path("files"), self.state.folder)
        return take(places, target, key, lambda what: None)
