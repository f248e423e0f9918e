"""Housekeeping: finished jobs are not kept for ever."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.worker.models import FINISHED, Job

BATCH = 500


def prune(session: Session, *, before: datetime) -> int:
    """Deletes a batch of jobs that finished before a given time, with their logs; how many."""
    old = select(Job.id).where(Job.state.in_(FINISHED), Job.finished_at < before).limit(BATCH)
    return session.execute(delete(Job).where(Job.id.in_(old)).execution_options(synchronize_session=False)).rowcount
