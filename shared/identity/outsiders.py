"""Services outside: who they are and what they may read, kept by the operator in a file that is read anew on change."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.identity.people import Identity
from shared.identity.problems import TokenExpired, TokenInvalid
from shared.identity.services import CLAIMS, ServiceTokens, public_key
from shared.logs import get

LONGEST_LIFETIME_SECONDS = 600
"""A service signs its own tokens; one that would live longer than this is not taken."""

log = get("identity")


@dataclass(frozen=True, slots=True)
class Outsider:
    """A service outside: its public key, and the types of events (`auth.*`) that it may read besides its own."""

    name: str
    key: Ed25519PublicKey
    reads: tuple[str, ...]


class Outsiders:
    """The services that the operator's file names; none where there is no file."""

    def __init__(self, file: Path | None):
        self._file = file
        self._print: tuple[int, int] | None = None
        self._known: dict[str, Outsider] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Outsider | None:
        """The service of that name as the file has it now."""
        print_ = self._print_now()
        if print_ != self._print:
            with self._lock:
                self._read(print_)
        return self._known.get(name)

    def _print_now(self) -> tuple[int, int] | None:
        try:
            found = self._file.stat() if self._file else None
        except FileNotFoundError:
            return None
        return (found.st_ino, found.st_mtime_ns) if found else None

    def _read(self, print_: tuple[int, int] | None) -> None:
        """A file that can't be understood leaves nobody known: who was removed must not stay by a slip of the pen."""
        try:
            listed = orjson.loads(self._file.read_bytes()) if print_ and self._file else {}
            self._known = {
                name: Outsider(name, public_key(one["public_key"]), tuple(one["reads"])) for name, one in listed.items()
            }
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("the file of outside services can't be read", error=type(error).__name__)
            self._known = {}
        self._print = print_


class AnyServiceTokens:
    """Verifies tokens of our own services and of those outside."""

    def __init__(self, own: ServiceTokens, outsiders: Outsiders):
        self._own, self._outsiders = own, outsiders

    def verify(self, token: str) -> Identity:
        """Which service asks; raises TokenInvalid or TokenExpired."""
        says = _says(token)
        outsider = None if self._own.knows(says) else self._outsiders.get(says)
        return self._verify_outsider(token, outsider) if outsider else self._own.verify(token)

    def _verify_outsider(self, token: str, outsider: Outsider) -> Identity:
        try:
            claims = jwt.decode(
                token,
                outsider.key,
                algorithms=["EdDSA"],
                audience=self._own.service,
                issuer=outsider.name,
                leeway=5,
                options={"require": CLAIMS},
            )
            lifetime = claims["exp"] - claims["iat"]
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.PyJWTError, TypeError):  # the library takes times in quotes, too
            raise TokenInvalid from None
        if claims["type"] != "service" or not 0 < lifetime <= LONGEST_LIFETIME_SECONDS:
            raise TokenInvalid
        return Identity(outsider.name, "service", None, datetime.fromtimestamp(claims["exp"], UTC))


def _says(token: str) -> str:
    """The issuer that the token claims to have, verified by nothing yet."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise TokenInvalid from None
    return claims["iss"] if isinstance(claims.get("iss"), str) else ""
