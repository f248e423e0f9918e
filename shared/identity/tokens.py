"""Access tokens: verified by Flask-JWT-Extended against the key set, remembered until they expire."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException

from shared import clock
from shared.identity.jwks import KeySet
from shared.identity.people import Identity
from shared.identity.problems import KeysUnavailable, TokenExpired, TokenInvalid, TokenRevoked

REMEMBERED = 10_000
LONGEST_TOKEN = 4096
ROLES = ("user", "admin")


class AccessTokens:
    """Verifies access tokens (within an app context); a token is decoded once, its revocation checked every time."""

    def __init__(self, keys: KeySet, is_revoked: Callable[[str], bool]):
        self.keys, self.is_revoked = keys, is_revoked
        self._known: OrderedDict[bytes, Identity] = OrderedDict()
        self._lock = threading.Lock()
        keys.on_change = self.forget

    def verify(self, token: str) -> Identity:
        """Whose token it is; raises TokenInvalid, TokenExpired, TokenRevoked or KeysUnavailable."""
        print_ = hashlib.sha256(token.encode()).digest()
        identity = self._known.get(print_) or self._remember(print_, self._decode(token))
        if identity.expires_at <= clock.now():
            raise TokenExpired
        if self.is_revoked(identity.session_id):
            raise TokenRevoked
        return identity

    def forget(self) -> None:
        """Has every token decoded anew: the keys have changed."""
        with self._lock:
            self._known.clear()

    def key_for(self, headers: dict[str, Any], claims: dict[str, Any]) -> Any:
        """The public key that a token's header names; raises what makes the token invalid."""
        if claims.get("type") != "access":  # the library reads a missing type as `access`
            raise jwt.InvalidTokenError("not an access token")
        key = self.keys.get(headers.get("kid"))
        if key is None and self.keys.is_empty:
            raise KeysUnavailable
        if key is None:
            raise jwt.InvalidTokenError("unknown kid")
        return key

    def _decode(self, token: str) -> Identity:
        if len(token) > LONGEST_TOKEN:
            raise TokenInvalid
        try:
            return _identity_of(decode_token(token))
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.PyJWTError, JWTExtendedException, ValueError, KeyError, TypeError):
            raise TokenInvalid from None

    def _remember(self, print_: bytes, identity: Identity) -> Identity:
        with self._lock:
            self._known[print_] = identity
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return identity


def _identity_of(claims: dict[str, Any]) -> Identity:
    """Strict where the library is lenient: a claim that is missing makes the token invalid."""
    if claims["role"] not in ROLES or not isinstance(claims["sid"], str):
        raise ValueError("not an access token")
    return Identity(claims["sub"], claims["role"], claims["sid"], datetime.fromtimestamp(claims["exp"], UTC))
