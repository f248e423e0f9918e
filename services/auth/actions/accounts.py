"""Accounts: registering one, making an admin."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session as DatabaseSession

from services.auth import addresses
from services.auth.actions import verifications
from services.auth.errors import AccountGone
from services.auth.models import ADMIN, Account
from shared import clock
from shared.bus import announce
from shared.database.inserting import insert_new
from shared.events.auth import AdminCreated, RegistrationRepeated, UserRegistered
from shared.ids import new_id


def register(
    session: DatabaseSession, *, email: str, password_hash: str, link_life: timedelta, seal_keys: dict[str, str]
) -> None:
    """Makes an account that its owner must confirm by mail; an owner that did so before is told by mail instead."""
    account = _find_or_add(session, email=addresses.normalize(email), password_hash=password_hash)
    if account.is_verified:
        announce(session, RegistrationRepeated(user_id=account.id, email=account.email))
        return
    sealed = verifications.issue(
        session, account=account, password_hash=password_hash, life=link_life, seal_keys=seal_keys
    )
    announce(session, UserRegistered(user_id=account.id, email=account.email, verification_token=sealed))


def create_admin(session: DatabaseSession, *, email: str, password_hash: str) -> bool:
    """Makes a verified admin of that address; whether there was none yet. A password that exists stays."""
    account = _find_or_add(session, email=addresses.normalize(email), password_hash=password_hash)
    if account.is_verified and account.role == ADMIN:
        return False
    if not account.is_verified:
        account.password_hash, account.verified_at = password_hash, clock.now()
    account.role = ADMIN
    announce(session, AdminCreated(user_id=account.id, email=account.email))
    return True


def find(session: DatabaseSession, *, email: str) -> Account | None:
    """The account of that address; raises AddressInvalid."""
    return session.scalar(select(Account).where(Account.email_key == addresses.key_of(email)))


def get(session: DatabaseSession, *, account_id: str) -> Account:
    """The account of that id; raises AccountGone."""
    account = session.get(Account, account_id)
    if account is None:
        raise AccountGone
    return account


def _find_or_add(session: DatabaseSession, *, email: str, password_hash: str) -> Account:
    row = {"id": new_id(), "email": email, "email_key": addresses.key_of(email), "password_hash": password_hash}
    new = insert_new(session, Account).values(row).on_conflict_do_nothing(index_elements=["email_key"])
    session.execute(new)
    return session.scalars(select(Account).where(Account.email_key == row["email_key"]).with_for_update()).one()
