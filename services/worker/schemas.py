"""What worker's API takes and answers."""

from datetime import datetime
from typing import Any

from pydantic import Field, ValidationError

from services.worker.errors import UnknownJobKind
from services.worker.kinds import KINDS
from services.worker.models import Job, LogLine, Schedule
from shared.problems import Invalid
from shared.web import Input, Output
from shared.web.parsing import describe


class NewJob(Input):
    """A job to be done: its kind, what that kind takes, and whether to send a mail when it has finished."""

    kind: str = Field(max_length=60)
    input: dict[str, Any]
    notify: bool = False

    def checked_input(self) -> dict[str, Any]:
        """The input as its kind takes it; UnknownJobKind, or Invalid with pointers below /input."""
        kind = KINDS.get(self.kind)
        if kind is None or not kind.is_public:
            public = ", ".join(name for name, known in KINDS.items() if known.is_public)
            raise UnknownJobKind(f"There is no kind of job of this name. There are: {public}.")
        try:
            return kind.input.model_validate(self.input).model_dump(mode="json")
        except ValidationError as error:
            below = [one | {"pointer": f"#/input{one['pointer'][1:]}"} for one in describe(error)]
            raise Invalid(errors=below) from None


class JobSummary(Output):
    """A job in a list."""

    id: str
    kind: str
    state: str
    progress: float
    message: str | None
    owner_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job, **more: Any) -> "JobSummary":
        """The job as a client sees it."""
        shown = {name: getattr(job, name) for name in JobSummary.model_fields}
        return cls(**shown | {"finished_at": job.finished_at if job.is_finished else None}, **more)


class JobView(JobSummary):
    """A job with what came of it."""

    attempts: int
    notify: bool
    result: Any
    problem: dict[str, Any] | None

    @classmethod
    def of(cls, job: Job, **more: Any) -> "JobView":
        """The job as a client sees it."""
        details = {name: getattr(job, name) for name in ("attempts", "result", "problem")}
        return super().of(job, notify=job.is_notify_wanted, **details, **more)


class LogLineView(Output):
    """One line of a job's log."""

    number: int
    at: datetime
    text: str

    @classmethod
    def of(cls, line: LogLine) -> "LogLineView":
        """The line as a client sees it."""
        return cls(number=line.number, at=line.at, text=line.text)


class JobLog(Output):
    """What a job had to say, in order; bounded."""

    items: list[LogLineView]


class ScheduleView(Output):
    """What is started again and again, and when next."""

    name: str
    cron: str | None
    every_seconds: int | None
    kind: str
    input: dict[str, Any]
    is_enabled: bool
    next_due: datetime | None

    @classmethod
    def of(cls, schedule: Schedule) -> "ScheduleView":
        """The schedule as an admin sees it."""
        return cls(**{name: getattr(schedule, name) for name in cls.model_fields})


class Schedules(Output):
    """All schedules."""

    items: list[ScheduleView]
