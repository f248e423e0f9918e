"""Sealed text: AES-GCM under a key named in the text itself, for secrets that travel in events or lie in rows."""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES, NONCE_BYTES = 32, 12
Keys = dict[str, str]
"""Key id -> key in base64. The last one seals; all of them unseal."""


class SealBroken(ValueError):
    """The text was not sealed with any of these keys, or was changed since."""


def seal(text: str, keys: Keys) -> str:
    """`<key id>.<nonce and cipher text>`; the same text is sealed differently each time."""
    key_id = list(keys)[-1]
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = AESGCM(key_of(keys[key_id])).encrypt(nonce, text.encode(), key_id.encode())
    return f"{key_id}.{base64.urlsafe_b64encode(nonce + cipher).decode()}"


def unseal(sealed: str, keys: Keys) -> str:
    """What was sealed; raises SealBroken, whose message never holds the text."""
    key_id, _, rest = sealed.rpartition(".")
    if key_id not in keys:
        raise SealBroken("sealed with a key that is not at hand")
    try:
        raw = base64.urlsafe_b64decode(rest)
        return AESGCM(key_of(keys[key_id])).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], key_id.encode()).decode()
    except (binascii.Error, InvalidTag, ValueError):
        raise SealBroken("the sealed text was changed or cut") from None


def key_of(text: str) -> bytes:
    """A key out of its base64; ValueError unless it has 32 bytes."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("must be base64 of 32 bytes") from None
    if len(key) != KEY_BYTES:
        raise ValueError("must be base64 of 32 bytes")
    return key
