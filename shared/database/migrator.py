"""Runs Alembic for one service: the plumbing's migrations and the service's own, as two branches."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from shared.database.session import Database

ROOT = Path(__file__).resolve().parents[2]
PLUMBING = ROOT / "shared/database/migrations"
LOCK = 7_225_501
"""Advisory lock number under which one migration runs at a time on PostgreSQL."""


def alembic_config(database: Database) -> Config:
    """Alembic's configuration for this service; no ini file."""
    places = [PLUMBING / "versions"]
    if database.migrations:
        places.append(ROOT / database.migrations / "versions")
    config = Config()
    config.set_main_option("script_location", _escaped(PLUMBING))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(_escaped, places)))
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def upgrade(database: Database, target: str = "heads") -> None:
    """Brings the schema up; two at once are safe, everything happens in one transaction."""
    _run(database, lambda config: command.upgrade(config, target))


def downgrade(database: Database, target: str) -> None:
    """Takes the schema back to `target` (`shared@base`, `auth@-1`, ...)."""
    _run(database, lambda config: command.downgrade(config, target))


def _prepare_sqlite(connection) -> None:
    """Outside a transaction, within which the one would come too late and the other would count for nothing."""
    connection.execute("PRAGMA busy_timeout=60000")
    connection.execute("PRAGMA foreign_keys=OFF")  # batch migrations rebuild tables


def _run(database: Database, act) -> None:
    config = alembic_config(database)
    with database.engine.connect() as connection:
        if database.dialect == "sqlite":
            _prepare_sqlite(connection.connection.driver_connection)
        with connection.begin():
            if database.dialect == "postgresql":
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            config.attributes["connection"] = connection
            act(config)
    database.engine.dispose()
