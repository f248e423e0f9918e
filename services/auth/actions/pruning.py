"""Pruning: what has expired and tells nobody anything any more goes."""

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session as DatabaseSession

from services.auth.models import RefreshToken, Session, Verification
from shared import clock

LATE = timedelta(days=7)
"""How much longer an expired link is told from an unknown one."""


def prune(session: DatabaseSession) -> int:
    """Deletes expired sessions with their tokens, and mailed links long past; how many."""
    now = clock.now()
    gone = session.execute(delete(Verification).where(Verification.expires_at < now - LATE)).rowcount
    gone += session.execute(delete(RefreshToken).where(RefreshToken.expires_at < now - LATE)).rowcount
    return gone + session.execute(delete(Session).where(Session.expires_at < now - LATE)).rowcount
