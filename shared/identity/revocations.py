"""Sessions that ended before their tokens: rows in each service's database until the last token would expire."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Column, MetaData, Table, delete, select
from sqlalchemy.orm import Session

from shared import clock
from shared.database import Database, Id, Timestamp
from shared.database.inserting import insert_new
from shared.events.auth import SessionRevoked

POLL_SECONDS = 0.5

revocations = Table(
    "revocations",
    MetaData(),
    Column("session_id", Id, primary_key=True),
    Column("user_id", Id, nullable=False),
    Column("expires_at", Timestamp, nullable=False, index=True),
)


def revoke(session: Session, *, session_id: str, user_id: str, expires_at: datetime) -> None:
    """Has this service refuse the session's tokens once the unit of work has committed; twice does no harm."""
    row = insert_new(session, revocations).values(session_id=session_id, user_id=user_id, expires_at=expires_at)
    session.execute(row.on_conflict_do_nothing())


def handlers_on(handlers) -> None:
    """Registers the handler by which this service learns of sessions that ended."""

    @handlers.on(SessionRevoked)
    def refuse_its_tokens(session, event, _envelope):
        revoke(session, session_id=event.session_id, user_id=event.user_id, expires_at=event.expires_at)


def prune(session: Session) -> int:
    """Deletes revocations whose tokens have expired by themselves; how many."""
    return session.execute(delete(revocations).where(revocations.c.expires_at < clock.now())).rowcount


class Revoked:
    """The revoked sessions as this process knows them, at most half a second old; raises when they can't be read."""

    def __init__(self, database: Callable[[], Database | None], *, monotonic: Callable[[], float] = time.monotonic):
        self._database, self._monotonic = database, monotonic
        self._sessions: frozenset[str] = frozenset()
        self._read_at = -1e9
        self._lock = threading.Lock()

    def __call__(self, session_id: str | None) -> bool:
        """Whether the session has been revoked."""
        if self._monotonic() - self._read_at >= POLL_SECONDS:
            with self._lock:
                self._read()
        return session_id in self._sessions

    def _read(self) -> None:
        asked_at, database = self._monotonic(), self._database()
        if database is None or asked_at - self._read_at < POLL_SECONDS:
            return
        with database.reading() as session:
            alive = select(revocations.c.session_id).where(revocations.c.expires_at >= clock.now())
            self._sessions = frozenset(session.scalars(alive))
        self._read_at = asked_at
