"""Fresh databases for every cell: copies of migrated templates, on SQLite and PostgreSQL."""

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import make_url

from shared.database import Database, migrator
from shared.database.engine import sqlite_driver
from shared.testing.servers import PostgresServer
from tests.faults.bank import READERS, SOURCE, Base, ReaderBase

Kind = Literal["sqlite", "postgres"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgres")


@dataclass(frozen=True, slots=True)
class Urls:
    """The databases of one cell: service -> URL."""

    of: dict[str, str]

    def through(self, service: str, port: int) -> str:
        """A service's PostgreSQL through a proxy on that port."""
        return make_url(self.of[service]).set(port=port).render_as_string(hide_password=False)

    def address(self, service: str) -> tuple[str, int]:
        """Where a service's PostgreSQL listens."""
        url = make_url(self.of[service])
        return url.host or "127.0.0.1", url.port or 5432


def can_write(database: Database) -> bool:
    """Whether nobody holds the write lock of a SQLite file; PostgreSQL has no lock of all."""
    if database.dialect != "sqlite":
        return True
    with closing(sqlite_driver().connect(database.engine.url.database, timeout=0.2)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite_driver().OperationalError:
            return False
        return True


class Databases:
    """Makes the templates once, a copy of each for every cell."""

    def __init__(self, folder: Path, postgres: PostgresServer | None):
        self.folder, self.postgres = folder / "templates", postgres
        self.folder.mkdir(parents=True)
        kinds = KINDS if postgres else KINDS[:1]
        self._templates = {(kind, base): self._template(kind, base) for kind in kinds for base in (Base, ReaderBase)}

    def fresh(self, kind: Kind, folder: Path) -> Urls:
        """One empty database for each service."""
        bases = {SOURCE: Base, **dict.fromkeys(READERS, ReaderBase)}
        return Urls({service: self._copy(kind, base, service, folder) for service, base in bases.items()})

    def drop(self, urls: Urls) -> None:
        """Drops a cell's databases on PostgreSQL; those on SQLite go with their folder."""
        for url in urls.of.values():
            if self.postgres and url.startswith("postgresql"):
                self.postgres.drop_database(url)

    def _template(self, kind: Kind, base: type) -> str:
        name = "bank" if base is Base else "reader"
        url = self.postgres.new_database() if kind == "postgres" else f"sqlite:///{self.folder / name}.db"
        database = Database().connect(url)
        migrator.upgrade(database)
        base.metadata.create_all(database.engine)
        database.dispose()
        return url

    def _copy(self, kind: Kind, base: type, service: str, folder: Path) -> str:
        template = self._templates[kind, base]
        if kind == "postgres":
            return self.postgres.new_database(like=template)
        shutil.copy(make_url(template).database, folder / f"{service}.db")
        return f"sqlite:///{folder / service}.db"
