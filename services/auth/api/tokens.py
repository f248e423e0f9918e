"""Tokens: refreshing them."""

from flask import current_app

from services.auth import tokens
from services.auth.actions import sessions
from services.auth.api.sessions import NOT_STORED
from services.auth.errors import RefreshTokenExpired, RefreshTokenInvalid, RefreshTokenReused
from services.auth.extensions import database
from services.auth.schemas import Refresh, Tokens
from shared.web import Resource, endpoint


class RefreshedTokens(Resource):
    """New tokens for a session."""

    @endpoint(
        body=Refresh,
        answer=Tokens,
        status=201,
        access="anyone",
        problems=[RefreshTokenInvalid, RefreshTokenExpired, RefreshTokenReused],
    )
    def post(self, body):
        """Exchange a refresh token for new tokens; each can be used once.

        Using one a second time ends the session, since one of its two holders must have stolen it.
        """
        settings = current_app.extensions["settings"]
        with database.transaction() as session:  # committed before the problem is raised: the family has ended
            grant = sessions.refresh(
                session,
                token=body.refresh_token.get_secret_value(),
                life=settings.refresh_token_life,
                access_life=settings.access_token_life,
            )
        if grant is None:
            raise RefreshTokenReused
        return tokens.hand_out(grant), NOT_STORED
