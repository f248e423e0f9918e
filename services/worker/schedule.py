"""Celery beat's scheduler: schedules are rows, a due one becomes a job row; no message is sent, no broker needed."""

from typing import Any

from celery.beat import Scheduler
from sqlalchemy.exc import SQLAlchemyError

from services.worker.actions import schedules
from services.worker.extensions import database
from shared import clock, logs, progress, trace

LOOK_EVERY_SECONDS = 1.0

log = logs.get("worker")


class DatabaseScheduler(Scheduler):
    """Any number may run: a due time moves by compare-and-set, and jobs are unique on (schedule, due time)."""

    def setup_schedule(self) -> None:
        """Nothing to read: the table is asked at every tick."""
        logs.set_role("beat")

    def tick(self, *_: Any, **__: Any) -> float:
        """Starts what is due; a database that does not answer now is asked again at the next tick."""
        progress.moved("beat")
        try:
            with database.reading() as session:
                is_due = schedules.any_due(session, now=clock.now())
            if is_due:
                self._start_due()
        except SQLAlchemyError as error:
            log.warning("schedules not read", error=type(error).__name__)
        return LOOK_EVERY_SECONDS

    def _start_due(self) -> None:
        with trace.begin(), database.transaction() as session:
            started = schedules.start_due(session, now=clock.now())
        log.info("schedules started", jobs=started)

    @property
    def info(self) -> str:
        return "    . schedules -> the table of that name"
