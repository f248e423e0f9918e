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
    return _is_operational_in_psycopg(error.orig) or any(word in text for word in PASSING_SQLITE)


def _is_operational_in_psycopg(error: BaseException | None) -> bool:
    """Its OperationalError or a kind of it, such as ConnectionTimeout; told by name, where psycopg may be missing."""
    kinds = type(error).__mro__
    return any(kind.__module__.startswith("psycopg") and kind.__name__ == "OperationalError" for kind in kinds)
