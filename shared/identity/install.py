"""Makes an app know whom to believe: Flask-JWT-Extended on the key set, service tokens, revocations."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_jwt_extended import JWTManager

from shared.identity import revocations
from shared.identity.jwks import KeySet, fetcher
from shared.identity.problems import TokenExpired, TokenInvalid, TokenMissing, TokenRevoked
from shared.identity.services import ServiceTokens
from shared.identity.tokens import AccessTokens
from shared.settings import Settings

ALGORITHM = "EdDSA"


def init_app(app: Flask, settings: Settings, *, fetch_keys: Callable[[], dict[str, Any]] | None = None) -> None:
    """Adds `access_tokens`, `service_tokens` and `jwks` to the app's extensions."""
    app.config.update(
        JWT_ALGORITHM=ALGORITHM,
        JWT_DECODE_ALGORITHMS=[ALGORITHM],
        JWT_DECODE_AUDIENCE=settings.token_audience,
        JWT_DECODE_ISSUER=settings.token_issuer,
        JWT_ENCODE_AUDIENCE=settings.token_audience,
        JWT_ENCODE_ISSUER=settings.token_issuer,
        JWT_COOKIE_CSRF_PROTECT=False,  # no cookies
        JWT_ENCODE_NBF=False,  # a token is good at once, on a machine whose clock is behind too
        JWT_TOKEN_LOCATION=("headers",),
    )
    keys = KeySet(fetch_keys or fetcher(settings.jwks_url))
    tokens = AccessTokens(keys, revocations.Revoked(lambda: app.extensions.get("database")))
    app.extensions.update(
        jwks=keys, access_tokens=tokens, service_tokens=ServiceTokens(app.extensions["service"], settings)
    )
    app.extensions["pruners"].append(revocations.prune)
    _speak_problems(JWTManager(app), tokens)


def _speak_problems(manager: JWTManager, tokens: AccessTokens) -> None:
    manager.decode_key_loader(tokens.key_for)
    manager.token_in_blocklist_loader(lambda _headers, claims: tokens.is_revoked(claims.get("sid")))
    manager.unauthorized_loader(lambda _reason: _refuse(TokenMissing))
    manager.invalid_token_loader(lambda _reason: _refuse(TokenInvalid))
    manager.expired_token_loader(lambda _headers, _claims: _refuse(TokenExpired))
    manager.revoked_token_loader(lambda _headers, _claims: _refuse(TokenRevoked))
    manager.needs_fresh_token_loader(lambda _headers, _claims: _refuse(TokenInvalid))


def _refuse(problem: type) -> Any:
    from shared.web.rendering import render

    return render(problem())
