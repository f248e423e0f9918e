"""Commands of one table: submitted in the caller's transaction, claimed by one worker at a time."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared import clock, trace
from shared.commands.claims import Claim
from shared.commands.columns import QUEUED, RUNNING
from shared.commands.status import status_of
from shared.commands.table import CommandTable
from shared.commands.timeline import entries_of
from shared.database import after_commit

if TYPE_CHECKING:
    from shared.bus.status import CommandStatus
    from shared.commands.sending import CommandSender


class Commands(CommandTable):
    """Commands of one table, for the service that submits and does them."""

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
            row = session.scalar(self.taking, known)
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

    def status(self, session: Session) -> "CommandStatus":
        """How many of these commands are queued, running and overdue."""
        return status_of(session, self)

    def trace_entries(self, session: Session, trace_id: str) -> list[dict]:
        """What the commands of a trace have to say in its timeline."""
        rows = session.scalars(select(self.model).where(self.model.trace_id == trace_id))
        return [entry for row in rows for entry in entries_of(self.task, row)]
