"""A table of commands: what it is called, how patient it is, the statements that change a row of it."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from shared.commands.columns import RUNNING, SUCCEEDED, is_abandoned, is_waiting
from shared.commands.failures import describe
from shared.database import Database, Id, Timestamp
from shared.database.errors import is_passing
from shared.logs import get

log = get("commands")


class CommandTable:
    """What those who work on commands know of them; `when_failed(session, row, error)` runs where one is given up."""

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

    @cached_property
    def taking(self) -> Any:
        """The UPDATE that claims the command `p_id` until `p_until`, if it is free at `p_now`.

        Made once: to make it and its cache key anew costs more than to run it.
        """
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
