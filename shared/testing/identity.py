"""Identities for tests: settings, tokens of a key that an app can be told to trust, and `assert_problem`."""

import base64
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shared import clock
from shared.ids import new_id
from shared.problems import Problem

ISSUER, AUDIENCE, KID = "http://quintet.test", "quintet", "test-key"
SERVICES = ("auth", "data", "realtime", "mail", "worker", "operator")
_user_key = Ed25519PrivateKey.generate()
_service_keys = {name: Ed25519PrivateKey.generate() for name in SERVICES}


def settings_for(cls: type, database_url: str = "sqlite://", **more: Any) -> Any:
    """Valid settings of that class; `more` adds to them and replaces."""
    service = cls.service if cls.service in SERVICES else "auth"
    values: dict[str, Any] = {
        "database_url": database_url,
        "bus_url": "redis://127.0.0.1:1/0",
        "celery_url": "redis://127.0.0.1:1/0",
        "cache_url": "redis://127.0.0.1:1/0",
        "public_url": ISSUER,
        "sources": {},
        "jwks_url": "http://127.0.0.1:1/.well-known/jwks.json",
        "token_issuer": ISSUER,
        "token_audience": AUDIENCE,
        "service_private_key": private_pem(_service_keys[service]),
        "service_public_keys": {name: _raw_public(key) for name, key in _service_keys.items()},
    }
    return cls(**{**values, **more})


def private_key_of(service: str) -> str:
    """A service's key as SERVICE_PRIVATE_KEY wants it, for a process of the test that is to be that service."""
    return private_pem(_service_keys[service])


def trust_test_keys(app) -> None:
    """Has the app believe the tokens of `bearer` and `access_token`."""
    app.extensions["jwks"].replace(jwks())


def jwks() -> dict[str, Any]:
    """The key set that holds the test key."""
    return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": KID, "alg": "EdDSA", "use": "sig", "x": _x(_user_key)}]}


def access_token(
    user_id: str | None = None,
    role: str = "user",
    *,
    key: Any = None,
    kid: str = KID,
    algorithm: str = "EdDSA",
    **claims,
) -> str:
    """An access token as auth would sign it; `claims` replace its claims, None takes one out."""
    now = clock.now()
    says = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + timedelta(minutes=15), "jti": new_id()}
    says |= {"type": "access", "sub": user_id or new_id(), "sid": new_id(), "role": role} | claims
    kept = {name: value for name, value in says.items() if value is not None}
    return jwt.encode(kept, key or _user_key, algorithm, headers={"kid": kid})


def bearer(user_id: str | None = None, role: str = "user", **claims: Any) -> dict[str, str]:
    """The headers of a request by that user."""
    return {"Authorization": f"Bearer {access_token(user_id, role, **claims)}"}


def service_bearer(service: str, target: str, **claims: Any) -> dict[str, str]:
    """The headers of a request by `service` to `target`."""
    now = clock.now()
    says = {"iss": service, "aud": target, "iat": now, "exp": now + timedelta(seconds=60), "type": "service", **claims}
    return {"Authorization": f"Bearer {jwt.encode(says, _service_keys[service], 'EdDSA')}"}


def assert_problem(response: Any, problem: type[Problem], **members: Any) -> dict[str, Any]:
    """Asserts that a response is this problem, whole and without a leak; gives its document."""
    assert response.mimetype == "application/problem+json", response.get_data(as_text=True)
    document = response.get_json()
    assert (document["code"], response.status_code) == (problem.code, problem.status), document
    assert document["status"] == problem.status
    assert document["type"] == f"/problems/{problem.code.replace('_', '-')}"
    assert document["request_id"] == response.headers["X-Request-ID"]
    assert {name: document.get(name) for name in members} == members
    return document


def private_pem(key: Ed25519PrivateKey) -> str:
    """A private key as SERVICE_PRIVATE_KEY wants it."""
    return base64.b64encode(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())).decode()


def _raw_public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _x(key: Ed25519PrivateKey) -> str:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
