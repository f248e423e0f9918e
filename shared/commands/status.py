"""How a table of commands stands: what is queued, running and overdue, told by its indexes."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import Session

from shared import clock
from shared.bus.status import COUNTED, CommandStatus
from shared.commands.columns import QUEUED, RUNNING
from shared.commands.table import CommandTable


def status_of(session: Session, commands: CommandTable) -> CommandStatus:
    """Counted now; each number is a range of the index on state and run_at."""
    model, now = commands.model, clock.now()
    late = now - timedelta(seconds=commands.resend_seconds)
    is_late = (model.state == QUEUED) & (model.run_at <= late)
    is_lost = (model.state == RUNNING) & (model.lease_until <= late)
    return CommandStatus(
        task=commands.task,
        queued=_count(session, model.state == QUEUED),
        running=_count(session, model.state == RUNNING),
        overdue=_count(session, or_(is_late, is_lost)),
        oldest_due_at=_oldest_due(session, model, now),
    )


def _oldest_due(session: Session, model: Any, now: datetime) -> datetime | None:
    due = select(func.min(model.run_at)).where(model.state == QUEUED, model.run_at <= now)
    lost = select(func.min(model.lease_until)).where(model.state == RUNNING, model.lease_until <= now)
    return min((at for at in (session.scalar(due), session.scalar(lost)) if at), default=None)


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    some = select(literal(1).label("one")).where(condition).limit(COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0
