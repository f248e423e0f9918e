"""PostgreSQL databases, dumped as of one moment while they are in use, and put into an empty one."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quintet.backup.manifest import Summing, TableSum
from quintet.failing import Failed

SUFFIX = "dump"
SAME_TEXT = "-c timezone=UTC -c extra_float_digits=1 -c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex"


class PostgresSource:
    """A database that is held at one moment by a snapshot, from the time it is opened; its writers go on."""

    def __init__(self, url: str, programs: Path):
        self._url, self._programs = url, programs
        self._connection = _connect(url)
        self._connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self._snapshot = self._connection.execute("SELECT pg_export_snapshot()").fetchone()[0]

    def copy(self, target: Path, say: Callable[[int, int], None]) -> tuple[dict[str, TableSum], dict[str, set[str]]]:
        """Dumps the snapshot into a new file; its sums, read under the same snapshot, and the objects that it names."""
        say(0, 1)
        words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={self._snapshot}", f"--file={target}"]
        _run(self._programs / "pg_dump", words, self._url)
        found = _sums(self._connection)
        say(1, 1)
        return found

    def close(self) -> None:
        self._connection.close()


def load(dump: Path, url: str, programs: Path) -> None:
    """Puts a dump into an empty database, whole or not at all; what it makes belongs to the URL's user."""
    words = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname", _name(url)]
    _run(programs / "pg_restore", [*words, str(dump)], url)


def sums(url: str) -> dict[str, TableSum]:
    """The sums of every table."""
    with _connect(url) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return _sums(connection)[0]


def _sums(connection: Any) -> tuple[dict[str, TableSum], dict[str, set[str]]]:
    from psycopg import sql

    tables, keys = {}, {}
    named = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    for schema, table in sorted(connection.execute(named).fetchall()):
        summing, name = Summing(), table if schema == "public" else f"{schema}.{table}"
        rows = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(schema, table))
        with connection.cursor().copy(rows) as copy:
            for row in copy:  # the server sends one row at a time
                summing.add(bytes(row))
        tables[name], keys[name] = summing.table(), summing.keys
    return tables, keys


def _connect(url: str) -> Any:
    import psycopg

    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10, options=SAME_TEXT)
    except psycopg.OperationalError as error:
        raise Failed(f"PostgreSQL does not let us in: {str(error).strip()}") from None


def _run(program: Path, words: list[str], url: str) -> None:
    """Runs one of PostgreSQL's programs; the password goes by its environment, which nobody else sees."""
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(url)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    environment = {name: str(given[key]) for key, name in names.items() if given.get(key)}
    environment |= {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PGCONNECT_TIMEOUT": "10"}
    done = subprocess.run([str(program), *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{program.name} failed:\n{done.stderr.strip()}")


def _name(url: str) -> str:
    return url.rsplit("/", 1)[1].partition("?")[0]
