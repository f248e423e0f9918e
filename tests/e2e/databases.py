"""Reaches into a service's own database, as somebody with the machine in their hands can."""

import sqlalchemy as sa
from dotenv import dotenv_values

from demo.containers import Containers
from demo.system import System

LOCKED_SECONDS = 60
"""So long others may hold SQLite's only lock."""


def does(system: System, service: str, statement: str) -> None:
    """Runs a statement that changes a row at least."""
    if isinstance(system, Containers):
        said = system.run_in("postgres", "psql", "--username", "postgres", "--dbname", service, "--command", statement)
        assert int(said.split()[-1]) > 0, said
        return
    url = dotenv_values(system.state / f"settings/{service}.env")["DATABASE_URL"]
    url = url.replace("sqlite:///", f"sqlite:///{system.state}/").replace("postgresql://", "postgresql+psycopg://")
    patience = {"timeout": LOCKED_SECONDS} if url.startswith("sqlite") else {}
    engine = sa.create_engine(url, connect_args=patience)
    try:
        with engine.begin() as connection:
            assert connection.exec_driver_sql(statement).rowcount > 0, statement
    finally:
        engine.dispose()
