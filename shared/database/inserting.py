"""INSERT ... ON CONFLICT on both databases."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_new(session: Session, table: Any) -> Any:
    """An INSERT into `table` of the session's dialect, which knows `on_conflict_do_nothing` and `..._do_update`."""
    return (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(table)
