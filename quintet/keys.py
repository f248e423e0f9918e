"""The secrets of one system: made once, kept under secrets/, each service told only its own."""

import base64
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from quintet import files
from quintet.state import SERVICES, State

SIGNERS = (*SERVICES, "operator")


class Keys:
    """All secrets; those that are missing are made when it is opened."""

    def __init__(self, state: State):
        self._file = state.path("secrets", "keys.json")
        known = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._values: dict[str, Any] = {**fresh_secrets(), **known}
        for group in ("database_passwords", "service_keys"):
            self._values[group] = {**fresh_secrets()[group], **self._values[group]}
        files.write(self._file, json.dumps(self._values, indent=2) + "\n")
        self.admin_password_file = state.path("secrets", "admin_password")

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def admin_password(self) -> str:
        """The first admin's password, made at the first call."""
        if not self.admin_password_file.exists():
            files.write(self.admin_password_file, secrets.token_urlsafe(15) + "\n")
        return self.admin_password_file.read_text().strip()

    def public_keys(self) -> dict[str, str]:
        """Service -> raw Ed25519 public key, in base64."""
        return {name: public_half(pem) for name, pem in self.service_keys.items()}


def fresh_secrets() -> dict[str, Any]:
    """Every secret of a system, new."""
    return {
        "redis_password": secrets.token_urlsafe(24),
        "rabbitmq_password": secrets.token_hex(24),  # it stands in a URL
        "rabbitmq_cookie": secrets.token_hex(24),
        "postgres_password": secrets.token_urlsafe(24),
        "supervisor_password": secrets.token_urlsafe(24),
        "signing_keys_secret": _random(),
        "event_seal_keys": {"1": _random()},
        "database_passwords": {name: secrets.token_urlsafe(24) for name in SERVICES},
        "service_keys": {name: _private() for name in SIGNERS},
    }


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _private() -> str:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(pem).decode()


def public_half(private: str) -> str:
    """The raw public key of a private one, both in base64."""
    key = load_pem_private_key(base64.b64decode(private), password=None)
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
