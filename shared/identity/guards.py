"""Who may pass: the access levels of an endpoint."""

from flask import current_app, request

from shared import trace
from shared.identity.people import Identity
from shared.identity.problems import AdminsOnly, OperatorsOnly, TokenMissing
from shared.identity.services import is_service_token

OPERATOR = "operator"
"""The one service whose tokens open the operator's doors."""


def admit(access: str) -> Identity | None:
    """Who asks, when they may pass a door of that access level; raises the problem when not."""
    if access == "anyone" or (access == "optional" and "Authorization" not in request.headers):
        return None
    identity = _verified(access, bearer_token())
    if access == "admin" and not identity.is_admin:
        raise AdminsOnly
    if access == "operator" and not identity.is_admin and (identity.role, identity.id) != ("service", OPERATOR):
        raise OperatorsOnly
    trace.act_as(identity.actor)
    return identity


def bearer_token() -> str:
    """The token of the request's Authorization header; raises TokenMissing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    return token.strip()


def _verified(access: str, token: str) -> Identity:
    """An operator's door takes tokens of both kinds; what a token says of itself only chooses who judges it."""
    if access == "any_service":  # of our own or outside; known only where those outside may ask
        return current_app.extensions["any_service_tokens"].verify(token)
    is_service = access == "service" or (access == "operator" and is_service_token(token))
    return current_app.extensions["service_tokens" if is_service else "access_tokens"].verify(token)
