"""Passwords and mailed or handed-out secrets, as they lie in the database: hashed."""

import hashlib
import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_at_once = threading.BoundedSemaphore(2)  # a crowd of sign-ins must not eat all memory and processors
_of_nobody = hasher.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """The Argon2id hash of a password; takes tens of milliseconds, so never within a write unit."""
    with _at_once:
        return hasher.hash(_normal(password))


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether the hash is of this password; False after just as long where there is none."""
    with _at_once:
        try:
            hasher.verify(password_hash or _of_nobody, _normal(password))
        except (Argon2Error, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return hasher.check_needs_rehash(password_hash)


def new_secret() -> str:
    """256 random bits, to be handed out and kept only as `secret_hash`."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """The hash under which a handed-out secret lies; it needs no salt, being random."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
