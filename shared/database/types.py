"""Column types and the naming of constraints that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime

from sqlalchemy import JSON, DateTime, MetaData, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Id = Uuid(as_uuid=False)
"""A UUID column whose Python side is the dashed lower-case string."""

JsonDocument = JSON().with_variant(JSONB(), "postgresql")
"""Any JSON value; JSONB on PostgreSQL."""


class Timestamp(TypeDecorator):
    """An instant with microseconds: aware UTC in Python, comparable in SQL on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect):
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A timestamp without a time zone is not an instant.")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect):
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def model_base() -> type[DeclarativeBase]:
    """A fresh declarative base, so that two services in one process never mix their tables."""

    class Base(DeclarativeBase):
        metadata = MetaData(naming_convention=naming_convention)

    return Base
