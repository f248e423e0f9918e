"""worker's tables: jobs with what they reported, and the schedules that start them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.commands import CommandColumns
from shared.database import Id, JsonDocument, Timestamp, model_base

Base = model_base()

AWAITING = "awaiting"
"""The worker's part is done; the job ends when another service says so."""
FINISHED = ("succeeded", "failed")


class Job(CommandColumns, Base):
    """One piece of slow work: who wants what done, how far it is, what came of it."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("schedule", "due_at"),
        Index("ix_jobs_owner_id_id", "owner_id", "id"),
        Index("ix_jobs_finished_at", "finished_at"),
    )

    owner_id: Mapped[str | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(60))
    input: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    is_notify_wanted: Mapped[bool] = mapped_column(Boolean, default=False)
    progress: Mapped[float] = mapped_column(default=0.0)
    message: Mapped[str | None] = mapped_column(String(300))
    result: Mapped[Any | None] = mapped_column(JsonDocument)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    checkpoint: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    """How far the work has come, for the attempt after a crash to go on from."""
    schedule: Mapped[str | None] = mapped_column(String(60))
    due_at: Mapped[datetime | None] = mapped_column(Timestamp)

    @property
    def is_finished(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.state in FINISHED


class LogLine(Base):
    """One line that a job has to say, counted from 1."""

    __tablename__ = "job_log_lines"

    job_id: Mapped[str] = mapped_column(Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Timestamp)
    text: Mapped[str] = mapped_column(Text)


class Schedule(Base):
    """Starts a job of `kind` again and again: by a cron expression (UTC) or every so many seconds."""

    __tablename__ = "schedules"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    cron: Mapped[str | None] = mapped_column(String(100))
    every_seconds: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(60))
    input: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    is_enabled: Mapped[bool] = mapped_column(Boolean)
    next_due: Mapped[datetime | None] = mapped_column(Timestamp)
    """None until a beat has planned it."""
