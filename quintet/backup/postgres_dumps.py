"""PostgreSQL databases, dumped as of one moment while they are in use, and put into an empty one."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from quintet.backup.manifest import Summing, TableSum
from quintet.failing import Failed

SUFFIX = "dump"
FIRST_WITH_TRANSACTION_TIMEOUT = 170000
NO_OWNER = ("--no-owner", "--no-privileges")
OF_ONE_VERSION = re.compile(
    rb"SET transaction_timeout = 0;|ALTER TABLE ONLY .+ ALTER COLUMN .+ SET \(pg_attver=\d+\);$"
)
"""What newer programs say to any server, and what Debian's 15.20 keeps of columns for itself."""
TOP_LINES = 25
"""So many lines of a script of rows come before the first row."""
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
    words = ["--exit-on-error", *NO_OWNER, "--single-transaction", "--dbname", _name(url)]
    with _connect(url) as connection:
        number, version = connection.info.server_version, connection.info.parameter_status("server_version")
    if number >= FIRST_WITH_TRANSACTION_TIMEOUT and version == _dumped_from(dump, programs):
        _run(programs / "pg_restore", [*words, str(dump)], url)
        return
    with tempfile.TemporaryDirectory(prefix="quintet-load-") as name:
        script = _script(dump, Path(name), programs, url)
        words = ["--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1", f"--file={script}"]
        _run(programs / "psql", words, url)


def _dumped_from(dump: Path, programs: Path) -> str:
    """The version of the server that was dumped, in its own words."""
    command = [str(programs / "pg_restore"), "--list", str(dump)]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Dumped from database version: (.*)", listed)
    return found[1].strip() if found else ""


def _script(dump: Path, folder: Path, programs: Path, url: str) -> Path:
    """The dump as SQL that a server of another version takes, too; its rows as they are."""
    parts = {"schema": ["--section=pre-data"], "rows": ["--section=data", "--section=post-data"]}
    script = folder / "all.sql"
    with script.open("wb") as whole:
        for name, sections in parts.items():
            part = folder / name
            _run(programs / "pg_restore", [*NO_OWNER, *sections, f"--file={part}", str(dump)], url)
            with part.open("rb") as lines:
                whole.writelines(portable(lines, TOP_LINES if name == "rows" else None))
            part.unlink()
    return script


def portable(lines: Iterable[bytes], top: int | None = None) -> Iterator[bytes]:
    """The lines without what one version of PostgreSQL alone understands; where `top` is given, all below it."""
    for number, line in enumerate(lines):
        if (top and number >= top) or not OF_ONE_VERSION.match(line):
            yield line


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
