"""Who may pass: the access levels of an endpoint."""

from flask import current_app, request

from shared import trace
from shared.identity.people import Identity
from shared.identity.problems import AdminsOnly, TokenMissing


def admit(access: str) -> Identity | None:
    """Who asks, when they may pass a door of that access level; raises the problem when not."""
    if access == "anyone" or (access == "optional" and "Authorization" not in request.headers):
        return None
    verify = current_app.extensions["service_tokens" if access == "service" else "access_tokens"].verify
    identity = verify(bearer_token())
    if access == "admin" and not identity.is_admin:
        raise AdminsOnly
    trace.act_as(identity.actor)
    return identity


def bearer_token() -> str:
    """The token of the request's Authorization header; raises TokenMissing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    return token.strip()
