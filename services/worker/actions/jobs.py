"""Jobs: submitted, found by those whom they concern."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.worker.actions import progress
from services.worker.errors import JobNotFound
from services.worker.extensions import queue
from services.worker.models import Job, LogLine


def submit(
    session: Session,
    *,
    kind: str,
    input: dict[str, Any],  # noqa: A002 - it is called that in the API
    owner_id: str | None,
    is_notify_wanted: bool = False,
    **more: Any,
) -> Job:
    """A new job, to be done as soon as a worker is free; `more` are columns such as a given id."""
    job = queue.submit(
        session, kind=kind, input=input, owner_id=owner_id, is_notify_wanted=is_notify_wanted, progress=0.0, **more
    )
    progress.log(session, job=job, text="Queued.")
    progress.announce_change(session, job=job)
    return job


def submit_once(session: Session, *, job_id: str, **columns: Any) -> Job | None:
    """Like submit under a given id; None where there is a job of that id already."""
    if session.get(Job, job_id) is not None:
        return None
    return submit(session, id=job_id, **columns)


def find(session: Session, *, job_id: str, user_id: str, is_admin: bool = False) -> Job:
    """The job, if it is the user's own or an admin asks; else JobNotFound, as if there were none."""
    job = session.get(Job, job_id)
    if job is None or not (is_admin or job.owner_id == user_id):
        raise JobNotFound()
    return job


def page(session: Session, *, owner_id: str | None, before: str | None, limit: int) -> list[Job]:
    """Jobs newest first, of one owner or (None) of all, from before a given id on."""
    wanted = select(Job).order_by(Job.id.desc()).limit(limit)
    if owner_id is not None:
        wanted = wanted.where(Job.owner_id == owner_id)
    if before is not None:
        wanted = wanted.where(Job.id < before)
    return list(session.scalars(wanted))


def log_of(session: Session, *, job: Job) -> list[LogLine]:
    """What the job had to say, in order."""
    return list(session.scalars(select(LogLine).where(LogLine.job_id == job.id).order_by(LogLine.number)))
