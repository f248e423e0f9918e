"""Sessions: opened by a password, carried on by refresh tokens of which each is good once, ended for all at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session as DatabaseSession

from services.auth.errors import BadCredentials, RefreshTokenExpired, RefreshTokenInvalid
from services.auth.hashing import new_secret, secret_hash
from services.auth.models import Account, RefreshToken, Session
from shared import clock
from shared.bus import announce
from shared.events.auth import SessionRevoked
from shared.identity import revocations

SKEW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Grant:
    """A session with a fresh refresh token, to be handed out with an access token."""

    session_id: str
    user_id: str
    role: str
    refresh_token: str
    refresh_expires_at: datetime

    def __repr__(self) -> str:
        return f"Grant(session_id={self.session_id!r})"


def open_(
    session: DatabaseSession, *, account_id: str, password_hash: str, life: timedelta, rehashed: str | None = None
) -> Grant:
    """Opens a session for an account whose password was checked against `password_hash`; `rehashed` replaces that hash.

    Raises BadCredentials when the password was changed meanwhile.
    """
    account = session.get(Account, account_id, with_for_update=True)
    if account is None or account.password_hash != password_hash:
        raise BadCredentials
    if rehashed:
        account.password_hash = rehashed
    opened = Session(account_id=account.id, expires_at=clock.now() + life)
    session.add(opened)
    session.flush()
    return _grant(session, opened, account, life)


def refresh(session: DatabaseSession, *, token: str, life: timedelta, access_life: timedelta) -> Grant | None:
    """The next grant of the token's session. None when the token was used before: then the session has been ended,
    which must be committed. Raises RefreshTokenInvalid or RefreshTokenExpired."""
    mine = RefreshToken.token_hash == secret_hash(token)
    now = clock.now()
    use = update(RefreshToken).where(mine, RefreshToken.used_at.is_(None), RefreshToken.expires_at > now)
    session_id = session.scalar(use.values(used_at=now).returning(RefreshToken.session_id))
    if session_id is None:
        return _refuse(session, secret_hash(token), access_life)
    current = session.get_one(Session, session_id, with_for_update=True)
    if current.ended_at is not None:
        raise RefreshTokenInvalid
    current.refreshed_at, current.expires_at = now, now + life
    return _grant(session, current, session.get_one(Account, current.account_id), life)


def end(session: DatabaseSession, *, session_id: str, access_life: timedelta) -> None:
    """Ends a session: no refresh, and every service refuses its access tokens. Twice does no harm."""
    current = session.get(Session, session_id, with_for_update=True)
    if current is None or current.ended_at is not None:
        return
    current.ended_at = clock.now()
    ended = SessionRevoked(
        session_id=current.id, user_id=current.account_id, expires_at=clock.now() + access_life + SKEW
    )
    revocations.revoke(session, session_id=ended.session_id, user_id=ended.user_id, expires_at=ended.expires_at)
    announce(session, ended)


def _refuse(session: DatabaseSession, token_hash: str, access_life: timedelta) -> None:
    known = session.get(RefreshToken, token_hash)
    if known is None:
        raise RefreshTokenInvalid
    if known.used_at is None:
        raise RefreshTokenExpired
    end(session, session_id=known.session_id, access_life=access_life)


def _grant(session: DatabaseSession, current: Session, account: Account, life: timedelta) -> Grant:
    token, expires_at = new_secret(), clock.now() + life
    session.add(RefreshToken(token_hash=secret_hash(token), session_id=current.id, expires_at=expires_at))
    session.flush()
    return Grant(current.id, account.id, account.role, token, expires_at)
