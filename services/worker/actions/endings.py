"""How a job ends: with a result or with a problem, each told in the transaction that ends it."""

from typing import Any

import orjson
from sqlalchemy.orm import Session

from services.worker.actions import progress
from services.worker.errors import JobFailed, ResultTooLarge
from services.worker.kinds import IMPORT
from services.worker.models import Job
from shared.bus import announce
from shared.commands import GiveUp
from shared.events.worker import ImportUnreadable, JobFinished
from shared.problems import Problem

MAX_RESULT_BYTES = 8 * 1024 * 1024


def succeed(session: Session, *, job: Job, result: Any = None, message: str | None = None) -> None:
    """The job has done what it was to do; ResultTooLarge where that is more than can be kept."""
    if len(orjson.dumps(result)) > MAX_RESULT_BYTES:
        raise ResultTooLarge(f"The result is larger than {MAX_RESULT_BYTES:,} bytes.")
    job.result, job.problem, job.progress, job.message = result, None, 1.0, message
    progress.log(session, job=job, text="Succeeded.")
    _announce_end(session, job, "succeeded")


def fail_with(session: Session, *, job: Job, problem: dict[str, Any]) -> None:
    """The job can't be done, for a reason that its owner may read."""
    job.problem, job.message = problem, problem["detail"][: progress.MAX_MESSAGE]
    progress.log(session, job=job, text=f"Failed: {problem['detail']}")
    _announce_end(session, job, "failed")


def fail(session: Session, job: Job, error: Exception) -> None:
    """The job is given up: it can't be helped, or its attempts are used up."""
    reason = error.reason if isinstance(error, GiveUp) else error
    problem = reason.to_dict() if isinstance(reason, Problem) else JobFailed().to_dict()
    if job.kind == IMPORT:
        announce(session, ImportUnreadable(import_id=job.id, problem=problem))
    fail_with(session, job=job, problem=problem)


def _announce_end(session: Session, job: Job, state: str) -> None:
    progress.announce_change(session, job=job, state=state)
    announce(
        session,
        JobFinished(
            job_id=job.id,
            owner_id=job.owner_id,
            kind=job.kind,
            state=state,
            problem=job.problem,
            notify=job.is_notify_wanted,
        ),
    )
