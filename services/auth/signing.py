"""The keys that sign access tokens: made at first use, sealed in the database, told by their public halves."""

import base64
import threading
import time
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy import select

from services.auth.models import SigningKey
from shared import clock
from shared.database import Database
from shared.database.inserting import insert_new
from shared.ids import new_id
from shared.sealing import seal, unseal

KEPT_SECONDS = 60.0


class KeyRing:
    """auth's signing keys; unbound until `bind`, then read from the database at most once a minute."""

    def __init__(self, database: Database):
        self._database = database
        self._secret: dict[str, str] = {}
        self._lock = threading.Lock()
        self._forget()

    def bind(self, secret: str) -> None:
        """Binds to the secret under which private keys lie sealed, and forgets what was read before."""
        with self._lock:
            self._secret = {"1": secret}
            self._forget()

    def current(self) -> tuple[str, Ed25519PrivateKey]:
        """The id and the private half of the key that signs."""
        rows = self._rows()
        if self._private is None or self._private[0] != rows[-1].kid:
            pem = unseal(rows[-1].sealed_private, self._secret)
            self._private = rows[-1].kid, load_pem_private_key(pem.encode(), None)
        return self._private

    def jwks(self) -> dict[str, Any]:
        """The public halves as a JSON Web Key Set."""
        common = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig"}
        return {"keys": [{**common, "kid": row.kid, "x": row.public_x} for row in self._rows()]}

    def _rows(self) -> Sequence[SigningKey]:
        with self._lock:
            if time.monotonic() - self._read_at > KEPT_SECONDS:
                self._known = self._read() or self._make_first()
                self._read_at = time.monotonic()
            return self._known

    def _read(self) -> Sequence[SigningKey]:
        with self._database.reading() as session:
            return session.scalars(select(SigningKey).order_by(SigningKey.number)).all()

    def _make_first(self) -> Sequence[SigningKey]:
        """Of two processes that start at once, the one that commits first gives the key."""
        with self._database.transaction() as session:
            row = _new_key(1, self._secret)
            session.execute(insert_new(session, SigningKey).values(row).on_conflict_do_nothing())
        return self._read()

    def _forget(self) -> None:
        self._known: Sequence[SigningKey] = ()
        self._private: tuple[str, Ed25519PrivateKey] | None = None
        self._read_at = -1e9


def _new_key(number: int, secret: dict[str, str]) -> dict[str, Any]:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {
        "number": number,
        "kid": new_id(),
        "public_x": base64.urlsafe_b64encode(public).rstrip(b"=").decode(),
        "sealed_private": seal(pem, secret),
        "created_at": clock.now(),
    }
