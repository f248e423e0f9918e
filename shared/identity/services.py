"""Service tokens: a service proves who it is with its own Ed25519 key, for one target and one minute."""

import base64
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared import clock
from shared.identity.people import Identity
from shared.identity.problems import TokenExpired, TokenInvalid
from shared.settings import Settings

LIFETIME = timedelta(seconds=60)
RENEWED_BEFORE_END = timedelta(seconds=20)
CLAIMS = ["iss", "aud", "iat", "exp", "type"]


class ServiceTokens:
    """Issues this service's tokens and verifies those of the services whose public keys it knows."""

    def __init__(self, service: str, settings: Settings):
        self.service = service
        self._private = _private_key(settings.service_private_key)
        self._public = {name: public_key(text) for name, text in settings.service_public_keys.items()}
        self._issued: dict[str, tuple[str, datetime]] = {}
        self._lock = threading.Lock()

    def issue(self, target: str) -> str:
        """A token for calls to `target`; the same one is given until its end comes near."""
        with self._lock:
            token, expires_at = self._issued.get(target, ("", clock.now()))
            if expires_at - clock.now() <= RENEWED_BEFORE_END:
                token, expires_at = self._sign(target)
                self._issued[target] = token, expires_at
            return token

    def knows(self, name: str) -> bool:
        """Whether this is one of our own services."""
        return name in self._public

    def verify(self, token: str) -> Identity:
        """Which service asks; raises TokenInvalid or TokenExpired."""
        try:
            claims = self._claims(token)
            return Identity(claims["iss"], "service", None, datetime.fromtimestamp(claims["exp"], UTC))
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, OSError):  # a time that is none
            raise TokenInvalid from None

    def _sign(self, target: str) -> tuple[str, datetime]:
        expires_at = clock.now() + LIFETIME
        claims = {"iss": self.service, "aud": target, "iat": clock.now(), "exp": expires_at, "type": "service"}
        return jwt.encode(claims, self._private, "EdDSA"), expires_at

    def _claims(self, token: str) -> dict[str, Any]:
        says = jwt.decode(token, options={"verify_signature": False})
        claims = jwt.decode(
            token,
            self._public[says["iss"]],
            algorithms=["EdDSA"],
            audience=self.service,
            issuer=says["iss"],
            leeway=5,
            options={"require": CLAIMS},
        )
        if claims["type"] != "service":
            raise jwt.InvalidTokenError("not a service token")
        return claims


def is_service_token(token: str) -> bool:
    """Whether a token says that it is a service's; nothing of it is verified yet."""
    try:
        return jwt.decode(token, options={"verify_signature": False}).get("type") == "service"
    except jwt.PyJWTError:
        return False


def _private_key(text: str) -> Ed25519PrivateKey:
    key = load_pem_private_key(base64.b64decode(text), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("SERVICE_PRIVATE_KEY is not an Ed25519 key.")
    return key


def public_key(text: str) -> Ed25519PublicKey:
    """A key as SERVICE_PUBLIC_KEYS has it: raw, in base64."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text))
