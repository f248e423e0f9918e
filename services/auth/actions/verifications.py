"""Verifications: the mailed link that shows an address to be the person's."""

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session as DatabaseSession

from services.auth.errors import VerificationExpired, VerificationUnknown
from services.auth.hashing import new_secret, secret_hash
from services.auth.models import Account, Verification
from shared import clock
from shared.bus import announce
from shared.events.auth import EmailVerified
from shared.sealing import seal


def issue(
    session: DatabaseSession, *, account: Account, password_hash: str, life: timedelta, seal_keys: dict[str, str]
) -> str:
    """A new link's token, sealed for the mail; only its hash is kept."""
    token = new_secret()
    session.add(
        Verification(
            token_hash=secret_hash(token),
            account_id=account.id,
            password_hash=password_hash,
            expires_at=clock.now() + life,
        )
    )
    return seal(token, seal_keys)


def confirm(session: DatabaseSession, *, token: str) -> None:
    """Marks the account as verified; the same link again, while it is good, changes nothing.

    The account's password becomes the one of the registration that this link was mailed for: whoever registered
    the address without owning it gains nothing. Raises VerificationUnknown or VerificationExpired.
    """
    link = session.get(Verification, secret_hash(token), with_for_update=True)
    if link is None:
        raise VerificationUnknown
    if link.expires_at <= clock.now():
        raise VerificationExpired
    if link.used_at is None:
        _use(session, link)


def _use(session: DatabaseSession, link: Verification) -> None:
    account = session.get_one(Account, link.account_id, with_for_update=True)
    if account.is_verified:
        raise VerificationUnknown
    link.used_at = account.verified_at = clock.now()
    account.password_hash = link.password_hash
    others = (Verification.account_id == account.id) & (Verification.token_hash != link.token_hash)
    session.execute(delete(Verification).where(others))
    announce(session, EmailVerified(user_id=account.id))
