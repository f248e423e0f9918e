"""One service's PostgreSQL database put back: loaded beside the old one, then given its name in one transaction."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from quintet import binaries, environment, postgres
from quintet.backup import postgres_dumps
from quintet.backup.laying_out import LaidOut, cluster
from quintet.backup.manifest import differences
from quintet.backup.taking import Say
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.marking import mark_restored
from quintet.provisioning import Provisioning
from quintet.settings import OperatorSettings
from quintet.state import State


@contextmanager
def put_back_database(
    state: State, laid: LaidOut, service: str, settings: OperatorSettings, say: Say
) -> Iterator[Callable[[], str]]:
    """Gives a function that swaps the databases, and says the old one's new name; the new one is whole and marked."""
    shape, keys = state.shape(), Keys(state)
    running = postgres.accepts(shape.ports["postgres"], keys)
    with nullcontext(shape.ports["postgres"]) if running else cluster(state, keys, settings) as port:
        shape = dataclasses.replace(shape, ports={**shape.ports, "postgres": port})
        postgres.create_databases(port, keys)
        fresh = f"{service}_restored"
        url = environment.database_url(service, shape, keys).removesuffix(f"/{service}") + f"/{fresh}"
        with _administered(port, keys) as connection:
            create_empty(connection, fresh, owner=service)
            copy = laid.manifest.databases[service]
            postgres_dumps.load(laid.state.path(copy.member), url, binaries.postgres(settings))
            if found := list(differences(service, copy.tables, postgres_dumps.sums(url))):
                raise Failed("The archive does not hold what it tells; nothing was touched:\n  " + "\n  ".join(found))
            Provisioning(state, shape, settings, keys, lambda what, _: say(what)).migrate(service, url)
            say(mark_restored(state, service, url))
            yield lambda: take_place(connection, fresh, service)


def create_empty(connection: Any, name: str, *, owner: str) -> None:
    """An empty database that only its owner may enter, in the place of one that a restore has left."""
    from psycopg import sql

    database, role = sql.Identifier(name), sql.Identifier(owner)
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))


def take_place(connection: Any, fresh: str, name: str) -> str:
    """The fresh database takes the other's name, in one transaction; the name that the other has from then on."""
    return take_places(connection, {fresh: name})[name]


def take_places(connection: Any, places: dict[str, str]) -> dict[str, str]:
    """Fresh databases take others' names, all in one transaction; name -> what that one is called from then on."""
    from psycopg import sql

    now = f"{datetime.now(UTC):%Y%m%dt%H%M%S}"
    before = {name: f"{name}_before_{now}" for name in places.values()}
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ANY(%s)"
    connection.execute(ended, [[*places, *places.values()]])
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with connection.transaction():
        for fresh, name in places.items():
            connection.execute(rename.format(sql.Identifier(name), sql.Identifier(before[name])))
            connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(name)))
    return before


@contextmanager
def _administered(port: int, keys: Keys) -> Iterator[Any]:
    import psycopg

    address = {"host": "127.0.0.1", "port": port, "user": "postgres", "password": keys.postgres_password}
    with psycopg.connect(**address, dbname="postgres", autocommit=True) as connection:
        yield connection
