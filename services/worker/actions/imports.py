"""Imports: worker reads the file and tells its rows, data says how it goes on and how it ends."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from services.worker.actions import endings, jobs, progress
from services.worker.csvs import Row
from services.worker.kinds import IMPORT
from services.worker.models import Job
from shared import clock
from shared.bus import announce
from shared.events.data import ImportFinished, ImportProgressed, ImportRequested
from shared.events.worker import ImportRowsRead

READING_SHARE = 0.3
"""How much of the progress is the reading; the rest is data's checking and setting aside."""


def queue_reading(session: Session, *, request: ImportRequested) -> None:
    """One job per import, under the import's own id."""
    wanted = {"collection": request.collection, "storage_key": request.storage_key}
    jobs.submit_once(session, job_id=request.import_id, kind=IMPORT, input=wanted, owner_id=request.owner_id)


def announce_rows(session: Session, *, job: Job, rows: Sequence[Row], total: int, is_last: bool) -> None:
    """Tells one chunk and notes how far the file is read, for an attempt after a crash to go on from there."""
    done = rows_told(job) + len(rows)
    announce(
        session,
        ImportRowsRead(
            import_id=job.id,
            first_line=rows[0].line if rows else 2,
            rows=[row.values for row in rows],
            lines=[row.line for row in rows],
            is_last=is_last,
        ),
    )
    job.checkpoint = {"rows": done, "total": total}
    job.progress = max(job.progress, READING_SHARE * done / total if total else READING_SHARE)
    job.message = f"{done:,} of {total:,} rows read"


def rows_told(job: Job) -> int:
    """How many rows of the file were told so far."""
    return (job.checkpoint or {}).get("rows", 0)


def note_progress(session: Session, *, news: ImportProgressed) -> None:
    """Data has checked so many rows."""
    job = _unfinished(session, news.import_id)
    if job is None:
        return
    total = (job.checkpoint or {}).get("total") or news.rows_staged or 1
    share = READING_SHARE + (0.99 - READING_SHARE) * min(1.0, news.rows_staged / total)
    progress.change(session, job=job, progress=share, message=f"{news.rows_staged:,} of {total:,} rows checked")


def finish(session: Session, *, news: ImportFinished) -> None:
    """Data has written all rows, or none: that is how the job ends."""
    job = _unfinished(session, news.import_id)
    if job is None:
        return
    if news.problem is None:
        result = {"rows_written": news.rows_written}
        endings.succeed(session, job=job, result=result, message=f"{news.rows_written:,} rows imported")
        job.state = "succeeded"
    else:
        endings.fail_with(session, job=job, problem=news.problem)
        job.state = "failed"
    job.finished_at, job.lease_until = clock.now(), None
    job.fence += 1  # whoever still reads the file may write no more


def _unfinished(session: Session, job_id: str) -> Job | None:
    job = session.get(Job, job_id, with_for_update=True)
    return None if job is None or job.is_finished else job
