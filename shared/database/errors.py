"""Which database errors pass by themselves: a lost connection, a lock held too long."""

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

PASSING_SQLSTATES = ("08", "25P03", "40", "53", "55P03", "57P")
"""Connection, idle too long in a transaction, serialization and deadlock, out of resources, no lock, shutting down."""
PASSING_SQLITE = ("locked", "busy", "disk i/o", "is full", "unable to open")


def is_passing(error: BaseException) -> bool:
    """Whether the same work may succeed when it is simply tried again later."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state.startswith(PASSING_SQLSTATES)
    text = str(error.orig).lower()
    is_postgres = type(error.orig).__module__.startswith("psycopg")
    return (is_postgres and type(error.orig).__name__ == "OperationalError") or any(w in text for w in PASSING_SQLITE)
