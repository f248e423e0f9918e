"""How far a job is and what it has to say, told to whoever watches."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.worker.models import Job, LogLine
from shared import clock
from shared.bus import announce
from shared.events.worker import JobChanged

MAX_LINES = 200
MAX_TEXT = 500
MAX_MESSAGE = 300


def start(session: Session, *, job: Job) -> None:
    """An attempt begins: at nothing, unless an earlier one left a checkpoint to go on from."""
    if job.checkpoint is None:
        job.progress = 0.0
    job.message = None
    log(session, job=job, text=f"Attempt {job.attempts} started.")
    announce_change(session, job=job)


def change(session: Session, *, job: Job, progress: float, message: str | None = None) -> None:
    """The job is further; progress never goes back within an attempt."""
    job.progress = max(job.progress, min(progress, 1.0))
    if message is not None:
        job.message = message[:MAX_MESSAGE]
    announce_change(session, job=job)


def announce_change(session: Session, *, job: Job, state: str | None = None) -> None:
    """Tells the job as it stands, or as it is about to stand in `state`."""
    announce(
        session,
        JobChanged(
            job_id=job.id,
            owner_id=job.owner_id,
            kind=job.kind,
            state=state or job.state,
            progress=job.progress,
            message=job.message,
        ),
    )


def log(session: Session, *, job: Job, text: str) -> None:
    """Adds a line to the job's log; a job that talks too much is cut short and the log says so."""
    session.flush()
    number = 1 + (session.scalar(select(func.max(LogLine.number)).where(LogLine.job_id == job.id)) or 0)
    if number > MAX_LINES:
        return
    text = "Further lines are left out." if number == MAX_LINES else text[:MAX_TEXT]
    session.add(LogLine(job_id=job.id, number=number, at=clock.now(), text=text))
