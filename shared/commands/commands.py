"""Commands of one table: submitted in the caller's transaction, claimed by one worker at a time."""

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from shared import clock, trace
from shared.commands.claims import Claim
from shared.commands.columns import QUEUED, RUNNING, SUCCEEDED, is_abandoned, is_waiting
from shared.commands.failures import describe
from shared.commands.status import status_of
from shared.commands.timeline import entries_of
from shared.database import Database, Id, Timestamp, after_commit
from shared.database.errors import is_passing
from shared.logs import get

if TYPE_CHECKING:
    from shared.bus.status import CommandStatus
    from shared.commands.sending import CommandSender

log = get("commands")


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
        now = clock.now()
        known = {"p_id": command_id, "p_now": now, "p_until": now + timedelta(seconds=self.lease_seconds)}
        with self.database.transaction() as session:
            row = session.scalar(self._taking, known)
        return Claim(self, row) if row else None

    def hand_back(self, command_id: str) -> bool:
        """Makes a running command due at once, as if its attempt had not been; False when it runs no more.

        For a worker that must end: whatever still works on the command can write nothing any more.
        """
        model = self.model
        with self.database.transaction() as session:
            handed = session.execute(
                update(model)
                .where(model.id == command_id, model.state == RUNNING)
                .values(state=QUEUED, attempts=model.attempts - 1, lease_until=None, sent_at=None)
                .execution_options(synchronize_session=False)
            )
        return handed.rowcount == 1

    @cached_property
    def _taking(self) -> Any:
        """The UPDATE of `claim`, made once: to make it and its cache key anew costs more than to run it."""
        model, now = self.model, bindparam("p_now", type_=Timestamp)
        is_free = or_(is_waiting(model, now), is_abandoned(model, now, self.max_attempts))
        return (
            update(model)
            .where(model.id == bindparam("p_id", type_=Id), is_free)
            .values(
                state=RUNNING,
                attempts=model.attempts + 1,
                fence=model.fence + 1,
                lease_until=bindparam("p_until", type_=Timestamp),
                started_at=now,
                sent_at=None,
            )
            .returning(model)
            .execution_options(synchronize_session=False)
        )

    @cached_property
    def held(self) -> Any:
        """The SELECT of the command `p_id` under the fence `p_fence`, its row locked; made once like the other."""
        model = self.model
        is_held = model.id == bindparam("p_id", type_=Id), model.fence == bindparam("p_fence"), model.state == RUNNING
        return select(model).where(*is_held).with_for_update()

    @cached_property
    def ending(self) -> Any:
        """The UPDATE that ends the command `p_id` well under the fence `p_fence`; made once."""
        model = self.model
        is_held = model.id == bindparam("p_id", type_=Id), model.fence == bindparam("p_fence"), model.state == RUNNING
        ended = {"finished_at": bindparam("p_now", type_=Timestamp), "state": SUCCEEDED}
        ended |= dict.fromkeys(("lease_until", "sent_at", "last_error"))
        return update(model).where(*is_held).values(ended).execution_options(synchronize_session=False)

    def tell_failed(self, session: Session, row: Any, error: Exception) -> None:
        """Runs what the service does about a command given up, in the same transaction.

        A mistake in it is logged and takes nothing but its own effects: the command must end all the same, or the
        sweeper would fail over it for ever.
        """
        if self.when_failed is None:
            return
        try:
            with session.begin_nested():
                self.when_failed(session, row, error)
        except Exception as mistake:
            if is_passing(mistake):
                raise
            log.error(
                "what follows a failed command failed", task=self.task, command_id=row.id, error=describe(mistake)
            )

    def status(self, session: Session) -> "CommandStatus":
        """How many of these commands are queued, running and overdue."""
        return status_of(session, self)

    def trace_entries(self, session: Session, trace_id: str) -> list[dict]:
        """What the commands of a trace have to say in its timeline."""
        rows = session.scalars(select(self.model).where(self.model.trace_id == trace_id))
        return [entry for row in rows for entry in entries_of(self.task, row)]
