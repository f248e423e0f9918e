"""The backlog of a table of commands: what a message shall go out for, and what no attempt can save."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from shared import clock
from shared.commands.columns import FAILED, QUEUED, RUNNING, is_abandoned, is_waiting
from shared.commands.failures import WorkerLost, describe
from shared.commands.table import CommandTable

WINDOW = 400
"""So many of the eldest due commands are out as messages; those behind them wait in the table, which loses none."""


@dataclass(frozen=True, slots=True)
class Due:
    """A command that a message shall go out for."""

    id: str
    fence: int
    traceparent: str


class Backlog:
    """What the sender sees of the commands."""

    def __init__(self, commands: CommandTable):
        self.commands = commands

    def due(self) -> list[Due]:
        """The commands that a message shall go out for now: due, and none sent for them lately."""
        now, model = clock.now(), self.commands.model
        lately = now - timedelta(seconds=self.commands.resend_seconds)
        wanted = select(model.id, model.fence, model.traceparent, model.sent_at)
        queued = wanted.where(is_waiting(model, now)).order_by(model.run_at).limit(WINDOW)
        abandoned = wanted.where(is_abandoned(model, now, self.commands.max_attempts)).limit(WINDOW)
        with self.commands.database.reading() as session:
            rows = [*session.execute(queued), *session.execute(abandoned)]
        return [Due(r.id, r.fence, r.traceparent) for r in rows if r.sent_at is None or r.sent_at <= lately]

    def mark_sent(self, sent: list[Due]) -> None:
        """Notes that messages are out; a command that was claimed meanwhile stays as it is."""
        model = self.commands.model
        marked = (
            update(model)
            .where(tuple_(model.id, model.fence).in_([(due.id, due.fence) for due in sent]))
            .values(sent_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        with self.commands.database.transaction() as session:
            session.execute(marked)

    def seconds_to_next(self, *, at_most: float) -> float:
        """How long nothing will fall due by itself."""
        model, now = self.commands.model, clock.now()
        following = select(model.run_at).where(model.state == QUEUED, model.run_at > now)
        with self.commands.database.reading() as session:
            run_at = session.scalar(following.order_by(model.run_at).limit(1))
        return at_most if run_at is None else max(0.0, min(at_most, (run_at - now).total_seconds()))

    def end_exhausted(self) -> int:
        """Gives up what took its worker with it in every attempt; how many commands that were."""
        now, model = clock.now(), self.commands.model
        exhausted = select(model).where(
            model.state == RUNNING, model.lease_until <= now, model.attempts >= self.commands.max_attempts
        )
        with self.commands.database.reading() as session:
            if session.scalar(exhausted.with_only_columns(model.id).limit(1)) is None:
                return 0
        with self.commands.database.transaction() as session:
            rows = session.scalars(exhausted.with_for_update(skip_locked=True)).all()
            for row in rows:
                self._give_up(session, row, now)
        return len(rows)

    def _give_up(self, session: Session, row: Any, now: datetime) -> None:
        error = WorkerLost(f"The worker was lost in each of {row.attempts} attempts.")
        row.state, row.finished_at, row.lease_until = FAILED, now, None
        row.last_error, row.fence = describe(error), row.fence + 1
        self.commands.tell_failed(session, row, error)
