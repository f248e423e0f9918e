"""A table of commands to test with, what they leave behind, and a Celery app that performs them."""

from datetime import datetime
from typing import Literal

from pydantic_settings import BaseSettings
from sqlalchemy import ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from shared import clock
from shared.commands import CommandColumns, Commands
from shared.database import Database, Id, Timestamp, model_base

Base = model_base()


class Errand(CommandColumns, Base):
    """One thing to do: `note`, or something that goes wrong."""

    __tablename__ = "errands"
    kind: Mapped[str] = mapped_column(String(20), default="note")


class Mark(Base):
    """The effect of an errand done: one row each time."""

    __tablename__ = "marks"
    number: Mapped[int] = mapped_column(primary_key=True)
    errand_id: Mapped[str] = mapped_column(Id, ForeignKey("errands.id"))
    what: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(Timestamp, default=clock.now)


class ErrandSettings(BaseSettings):
    """What a worker process of a test is told."""

    service: str = "errands"
    database_url: str
    celery_url: str
    pool: Literal["threads", "prefork"] = "threads"
    lease_seconds: float = 3.0
    finishing_seconds: float = 15.0
    deaf_seconds: float = 600.0


def errand_commands(database: Database, **options) -> Commands:
    """Commands with a test's patience."""
    patience = {"lease_seconds": 1.0, "resend_seconds": 0.5, "pauses": (0.05, 0.2), "max_attempts": 5}
    return Commands(Errand, database, task="errands.run", queue="errands", **(patience | options))


def marks_of(database: Database, errand_id: str) -> list[str]:
    """What an errand has left behind."""
    with database.reading() as session:
        return list(session.scalars(select(Mark.what).where(Mark.errand_id == errand_id).order_by(Mark.number)))


def states(database: Database) -> dict[str, int]:
    """How many errands are in which state."""
    with database.reading() as session:
        return dict(session.execute(select(Errand.state, func.count()).group_by(Errand.state)).all())
