"""Credentials: is this the password of that address? Answered at one price, whoever asks for whom."""

from sqlalchemy.orm import Session as DatabaseSession

from services.auth.actions import accounts
from services.auth.errors import AddressInvalid, BadCredentials
from services.auth.hashing import is_password
from services.auth.models import Account


def look_up(session: DatabaseSession, *, email: str) -> Account | None:
    """The account of an address, None for an unknown one and for what is no address."""
    try:
        return accounts.find(session, email=email)
    except AddressInvalid:
        return None


def check(account: Account | None, *, password: str) -> Account:
    """The account when the password is its own and its address is verified, else BadCredentials.

    Hashes once in any case, so call it outside of a unit of work. An unverified account answers like a wrong
    password: else registering an address and signing in would tell whether it had an owner before.
    """
    is_right = is_password(password, account.password_hash if account else None)
    if account is None or not is_right or not account.is_verified:
        raise BadCredentials
    return account
