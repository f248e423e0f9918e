"""What every table of commands has: for the model a mixin, for its migration the same columns and indexes."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from shared import clock
from shared.database import Id, Timestamp
from shared.ids import new_id

QUEUED, RUNNING, SUCCEEDED, FAILED = "queued", "running", "succeeded", "failed"


class CommandColumns:
    """The state of one command; only shared.commands writes these columns once the row is submitted."""

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    state: Mapped[str] = mapped_column(sa.String(20), default=QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    """How often the work was begun."""
    run_at: Mapped[datetime] = mapped_column(Timestamp, default=clock.now)
    sent_at: Mapped[datetime | None] = mapped_column(Timestamp)
    """When a message for the next attempt went out; None while there is none."""
    lease_until: Mapped[datetime | None] = mapped_column(Timestamp)
    fence: Mapped[int] = mapped_column(default=0)
    """Grows with every claim; whoever holds an older one can change nothing."""
    last_error: Mapped[str | None] = mapped_column(sa.String(300))
    trace_id: Mapped[str] = mapped_column(sa.String(32))
    traceparent: Mapped[str] = mapped_column(sa.String(60))
    actor_id: Mapped[str | None] = mapped_column(sa.String(80))
    created_at: Mapped[datetime] = mapped_column(Timestamp, default=clock.now)
    started_at: Mapped[datetime | None] = mapped_column(Timestamp)
    finished_at: Mapped[datetime | None] = mapped_column(Timestamp)

    def __init_subclass__(cls, **options: Any):
        super().__init_subclass__(**options)
        table: sa.Table | None = getattr(cls, "__table__", None)
        if table is not None:
            sa.Index(f"ix_{table.name}_state_run_at", table.c.state, table.c.run_at)
            sa.Index(f"ix_{table.name}_trace_id", table.c.trace_id)


def is_waiting(model: type[CommandColumns], now: datetime) -> sa.ColumnElement[bool]:
    """SQL: it is queued and its time has come."""
    return sa.and_(model.state == QUEUED, model.run_at <= now)


def is_abandoned(model: type[CommandColumns], now: datetime, max_attempts: int) -> sa.ColumnElement[bool]:
    """SQL: its worker is lost, and another attempt is allowed."""
    return sa.and_(model.state == RUNNING, model.lease_until <= now, model.attempts < max_attempts)


def command_columns() -> list[sa.Column]:
    """The mixin's columns for a migration's create_table."""
    instant = sa.DateTime(timezone=True)
    return [
        sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("run_at", instant, nullable=False),
        sa.Column("sent_at", instant),
        sa.Column("lease_until", instant),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(300)),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("traceparent", sa.String(60), nullable=False),
        sa.Column("actor_id", sa.String(80)),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("started_at", instant),
        sa.Column("finished_at", instant),
    ]


def add_command_indexes(op, table: str) -> None:
    """The indexes by which the sender finds what is due and the trace finds its rows."""
    op.create_index(f"ix_{table}_state_run_at", table, ["state", "run_at"])
    op.create_index(f"ix_{table}_trace_id", table, ["trace_id"])
