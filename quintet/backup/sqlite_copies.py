"""SQLite databases, copied as of one moment while they are in use."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from quintet.backup.manifest import Summing, TableSum
from quintet.failing import Failed
from shared.database.engine import sqlite_driver

PAGES = 1024
SUFFIX = "db"


class SqliteSource:
    """A database that is held at one moment from the time it is opened; its writers go on."""

    def __init__(self, file: Path):
        if not file.is_file():
            raise Failed(f"There is no database {file}.")
        self._connection = _open(file)
        self._connection.execute("BEGIN")
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from this read on it is held

    def copy(self, target: Path, say: Callable[[int, int], None]) -> tuple[dict[str, TableSum], dict[str, set[str]]]:
        """Copies it into a new file, telling pages done and in all; its sums, and the objects that each table names.

        The open read transaction keeps the moment: without it, every write of another would begin the copy anew.
        """
        with closing(sqlite_driver().connect(target)) as copy:
            self._connection.backup(copy, pages=PAGES, progress=lambda _, left, total: say(total - left, total))
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        return sums(target)

    def close(self) -> None:
        self._connection.close()


def sums(file: Path) -> tuple[dict[str, TableSum], dict[str, set[str]]]:
    """The sums of every table and the objects that it names; Failed where the file is damaged."""
    tables, keys = {}, {}
    driver = sqlite_driver()
    with closing(_open(file)) as connection:
        try:
            if (word := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
                raise Failed(f"{file.name} is damaged: {word}")
            for name in _tables(connection):
                summing = Summing()
                for row in _rows(connection, name):
                    summing.add(repr(tuple(row)).encode(errors="surrogatepass"))
                tables[name], keys[name] = summing.table(), summing.keys
        except driver.DatabaseError as error:
            raise Failed(f"{file.name} is damaged: {error}") from None
    return tables, keys


def _open(file: Path) -> Any:
    connection = sqlite_driver().connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    connection.execute("PRAGMA busy_timeout=5000")
    return connection


def _tables(connection: Any) -> list[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return [name for (name,) in found if not name.startswith("sqlite_")]


def _rows(connection: Any, table: str) -> Iterator[tuple]:
    quoted = table.replace('"', '""')
    return connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a name out of the schema, quoted
