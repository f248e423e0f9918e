"""A claim: the right to work on one command until the lease ends, held by a fencing number."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from shared import clock
from shared.commands.columns import FAILED, QUEUED, RUNNING, SUCCEEDED
from shared.commands.failures import GiveUp, describe, pause_after
from shared.commands.table import CommandTable


class LeaseLost(Exception):
    """The lease ran out and another worker took over, or the command was ended: nothing may be written any more."""


class Claim:
    """One attempt at one command. `row` is the command as last read, `attempt` counts from 1."""

    def __init__(self, commands: CommandTable, row: Any):
        self.commands, self.row = commands, row
        self.id, self.fence, self.attempt = row.id, row.fence, row.attempts
        self.is_finished, self.is_lost = False, False

    @contextmanager
    def holding(self) -> Iterator[Session]:
        """A transaction in mid-work under the fence, `row` attached to it; raises LeaseLost when it holds no more."""
        with self.commands.database.transaction() as session:
            self.row = self._locked_row(session)
            yield session

    @contextmanager
    def finishing(self, state: str = SUCCEEDED) -> Iterator[Session]:
        """The transaction of the effects: in it, under the fence, the command is done. Raises LeaseLost."""
        with self.holding() as session:
            yield session
            self._end(state)
        self.is_finished = True

    def finish(self) -> None:
        """The command is done and left nothing to commit with it: one UPDATE under the fence. Raises LeaseLost."""
        held = {"p_id": self.id, "p_fence": self.fence, "p_now": clock.now()}
        with self.commands.database.transaction() as session:
            if session.execute(self.commands.ending, held).rowcount == 0:
                raise self._lost()
        self.row.state, self.is_finished = SUCCEEDED, True

    def fail(self, error: Exception) -> str:
        """Has the command tried again later, or ends it when it can't be helped; the state it is in then."""
        is_final = isinstance(error, GiveUp) or self.attempt >= self.commands.max_attempts
        with self.holding() as session:
            self.row.last_error = describe(error)
            if is_final:
                self._end(FAILED)
                self.commands.tell_failed(session, self.row, error)
            else:
                self._put_off()
        self.is_finished = True
        return self.row.state

    def renew(self) -> bool:
        """Lengthens the lease by its whole time; False when it is lost."""
        model = self.commands.model
        with self.commands.database.transaction() as session:
            renewed = session.execute(
                update(model)
                .where(model.id == self.id, model.fence == self.fence, model.state == RUNNING)
                .values(lease_until=clock.now() + timedelta(seconds=self.commands.lease_seconds))
                .execution_options(synchronize_session=False)
            )
        self.is_lost = renewed.rowcount == 0
        return not self.is_lost

    def _locked_row(self, session: Session) -> Any:
        row = session.scalar(self.commands.held, {"p_id": self.id, "p_fence": self.fence})
        if row is None:
            raise self._lost()
        return row

    def _lost(self) -> LeaseLost:
        self.is_lost = True
        return LeaseLost(f"{self.commands.task} {self.id}: another attempt has taken over.")

    def _end(self, state: str) -> None:
        self.row.state, self.row.finished_at = state, clock.now()
        self.row.lease_until = self.row.sent_at = None
        if state == SUCCEEDED:
            self.row.last_error = None

    def _put_off(self) -> None:
        pause = pause_after(self.attempt, first=self.commands.first_pause, longest=self.commands.longest_pause)
        self.row.state, self.row.run_at = QUEUED, clock.now() + pause
        self.row.lease_until = self.row.sent_at = None
