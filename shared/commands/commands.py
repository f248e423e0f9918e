"""Commands of one table: submitted in the caller's transaction, found when due, claimed by one worker at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select, tuple_, update
from sqlalchemy.orm import Session

from shared import clock, trace
from shared.commands.claims import Claim
from shared.commands.columns import FAILED, QUEUED, RUNNING
from shared.commands.failures import WorkerLost, describe
from shared.commands.timeline import entries_of
from shared.database import Database, after_commit

if TYPE_CHECKING:
    from shared.commands.sending import CommandSender

WINDOW = 200
"""So many of the eldest due commands are out as messages; those behind them wait in the table, which loses none."""


@dataclass(frozen=True, slots=True)
class Due:
    """A command that a message shall go out for."""

    id: str
    fence: int
    traceparent: str


class Commands:
    """Commands of one table; `when_failed(session, row, error)` runs in the transaction that gives one up."""

    def __init__(
        self,
        model: type,
        database: Database,
        *,
        task: str,
        queue: str,
        max_attempts: int = 8,
        lease_seconds: float = 60,
        resend_seconds: float = 30,
        pauses: tuple[float, float] = (2, 600),
        when_failed: Callable[[Session, Any, Exception], None] | None = None,
    ):
        self.model, self.database, self.task, self.queue = model, database, task, queue
        self.max_attempts, self.lease_seconds, self.resend_seconds = max_attempts, lease_seconds, resend_seconds
        self.first_pause, self.longest_pause = pauses
        self.when_failed = when_failed

    def init_app(self, app) -> None:
        """Has the commands of a trace shown in the service's timeline."""
        app.extensions.setdefault("trace_sources", []).append(self.trace_entries)

    def sender(self, settings: Any) -> "CommandSender":
        """The loop of the bus role that sends and sweeps these commands, through the service's own Celery app."""
        from shared.commands.celery_app import make_celery
        from shared.commands.sending import CommandSender

        return CommandSender(self, self.database, make_celery(settings.service, settings))

    def submit(self, session: Session, **columns: Any) -> Any:
        """Adds a command to the caller's transaction; the bus is poked once that has committed."""
        context = trace.current()
        defaults = {
            "trace_id": context.trace_id,
            "traceparent": context.traceparent,
            "actor_id": context.actor,
            "created_at": clock.now(),
            "run_at": clock.now(),
        }
        row = self.model(**(defaults | columns))
        session.add(row)
        session.flush()
        if poke := session.info.get("poke"):
            after_commit(session, poke)
        return row

    def claim(self, command_id: str) -> Claim | None:
        """Takes a command that is due, for `lease_seconds`; None when it is not due, taken, ended or unknown."""
        now, model = clock.now(), self.model
        taken = (
            update(model)
            .where(model.id == command_id, self._is_due(now))
            .values(
                state=RUNNING,
                attempts=model.attempts + 1,
                fence=model.fence + 1,
                lease_until=now + timedelta(seconds=self.lease_seconds),
                started_at=now,
                sent_at=None,
            )
            .returning(model)
            .execution_options(synchronize_session=False)
        )
        with self.database.transaction() as session:
            row = session.scalar(taken)
        return Claim(self, row) if row else None

    def due(self) -> list[Due]:
        """The commands that a message shall go out for now: due, and none sent for them lately."""
        now, model = clock.now(), self.model
        lately = now - timedelta(seconds=self.resend_seconds)
        wanted = select(model.id, model.fence, model.traceparent, model.sent_at)
        queued = wanted.where(model.state == QUEUED, model.run_at <= now).order_by(model.run_at).limit(WINDOW)
        with self.database.reading() as session:
            rows = [*session.execute(queued), *session.execute(wanted.where(self._is_overdue(now)).limit(WINDOW))]
        return [Due(r.id, r.fence, r.traceparent) for r in rows if r.sent_at is None or r.sent_at <= lately]

    def mark_sent(self, sent: list[Due]) -> None:
        """Notes that messages are out; a command that was claimed meanwhile stays as it is."""
        model = self.model
        marked = (
            update(model)
            .where(tuple_(model.id, model.fence).in_([(due.id, due.fence) for due in sent]))
            .values(sent_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        with self.database.transaction() as session:
            session.execute(marked)

    def seconds_to_next(self, *, at_most: float) -> float:
        """How long nothing will fall due by itself."""
        model, now = self.model, clock.now()
        following = select(model.run_at).where(model.state == QUEUED, model.run_at > now)
        with self.database.reading() as session:
            run_at = session.scalar(following.order_by(model.run_at).limit(1))
        return at_most if run_at is None else max(0.0, min(at_most, (run_at - now).total_seconds()))

    def end_exhausted(self) -> int:
        """Gives up what took its worker with it in every attempt; how many commands that were."""
        now, model = clock.now(), self.model
        exhausted = select(model).where(
            model.state == RUNNING, model.lease_until <= now, model.attempts >= self.max_attempts
        )
        with self.database.reading() as session:
            if session.scalar(exhausted.with_only_columns(model.id).limit(1)) is None:
                return 0
        with self.database.transaction() as session:
            rows = session.scalars(exhausted.with_for_update(skip_locked=True)).all()
            for row in rows:
                self._give_up(session, row, now)
        return len(rows)

    def tell_failed(self, session: Session, row: Any, error: Exception) -> None:
        """Runs what the service does about a command given up, in the same transaction."""
        if self.when_failed:
            self.when_failed(session, row, error)

    def trace_entries(self, session: Session, trace_id: str) -> list[dict]:
        """What the commands of a trace have to say in its timeline."""
        rows = session.scalars(select(self.model).where(self.model.trace_id == trace_id))
        return [entry for row in rows for entry in entries_of(self.task, row)]

    def _give_up(self, session: Session, row: Any, now) -> None:
        error = WorkerLost(f"The worker was lost in each of {row.attempts} attempts.")
        row.state, row.finished_at, row.lease_until = FAILED, now, None
        row.last_error, row.fence = describe(error), row.fence + 1
        self.tell_failed(session, row, error)

    def _is_due(self, now):
        return or_(and_(self.model.state == QUEUED, self.model.run_at <= now), self._is_overdue(now))

    def _is_overdue(self, now):
        """Its worker is lost, and another attempt is allowed."""
        model = self.model
        return and_(model.state == RUNNING, model.lease_until <= now, model.attempts < self.max_attempts)
