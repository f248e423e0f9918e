"""Schedules: which are due, and the one job that each due time becomes."""

from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from services.worker.actions import jobs
from services.worker.cron import Cron
from services.worker.models import Schedule
from shared.logs import get

log = get("worker")


def every(session: Session) -> list[Schedule]:
    """All schedules by name."""
    return list(session.scalars(select(Schedule).order_by(Schedule.name)))


def any_due(session: Session, *, now: datetime) -> bool:
    """Whether start_due has anything to do."""
    return session.scalar(_due(now).limit(1)) is not None


def start_due(session: Session, *, now: datetime) -> int:
    """Starts a job for each schedule whose time has come; times missed meanwhile are made up for once, not each."""
    return sum(_start(session, schedule, now) for schedule in session.scalars(_due(now)).all())


def next_due(schedule: Schedule, *, after: datetime) -> datetime:
    """The first time of the schedule later than `after`; ValueError where it has none."""
    if schedule.cron is not None:
        return Cron.parse(schedule.cron).next_after(after)
    return after + timedelta(seconds=schedule.every_seconds)


def _due(now: datetime) -> Select[tuple[Schedule]]:
    is_due = or_(Schedule.next_due.is_(None), Schedule.next_due <= now)
    return select(Schedule).where(Schedule.is_enabled, is_due).order_by(Schedule.name)


def _start(session: Session, schedule: Schedule, now: datetime) -> bool:
    """Moves the due time on and, where this beat was the one that moved it, starts the job of the old one."""
    try:
        following = next_due(schedule, after=now)
    except ValueError as error:
        schedule.is_enabled = False
        log.error("schedule switched off", schedule=schedule.name, error=str(error))
        return False
    due_at, is_mine = schedule.next_due, _move(session, schedule, following)
    if due_at is None or not is_mine:
        return False
    more = {"schedule": schedule.name, "due_at": due_at}
    jobs.submit(session, kind=schedule.kind, input=schedule.input, owner_id=None, **more)
    return True


def _move(session: Session, schedule: Schedule, following: datetime) -> bool:
    """Sets the next due time, unless somebody else has moved it meanwhile."""
    moved = session.execute(
        update(Schedule)
        .where(Schedule.name == schedule.name, Schedule.next_due.is_not_distinct_from(schedule.next_due))
        .values(next_due=following)
        .execution_options(synchronize_session=False)
    )
    return moved.rowcount == 1
