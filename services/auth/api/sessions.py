"""Sessions: signing in and out."""

from flask import current_app

from services.auth import hashing, tokens
from services.auth.actions import credentials, sessions
from services.auth.errors import BadCredentials
from services.auth.extensions import database
from services.auth.schemas import Credentials, Tokens
from shared.web import Resource, endpoint

NOT_STORED = {"Cache-Control": "no-store"}


class Sessions(Resource):
    """All sessions."""

    @endpoint(body=Credentials, answer=Tokens, status=201, access="anyone", idempotent=False, problems=[BadCredentials])
    def post(self, body):
        """Sign in with an address and its password."""
        password = body.password.get_secret_value()
        with database.reading() as session:
            found = credentials.look_up(session, email=body.email)
        account = credentials.check(found, password=password)
        rehashed = hashing.hash_password(password) if hashing.is_outdated(account.password_hash) else None
        with database.transaction() as session:  # begun after hashing, over before signing
            grant = sessions.open_(
                session,
                account_id=account.id,
                password_hash=account.password_hash,
                life=current_app.extensions["settings"].refresh_token_life,
                rehashed=rehashed,
            )
        return tokens.hand_out(grant), NOT_STORED


class CurrentSession(Resource):
    """The session of the token that asks."""

    @endpoint(status=204)
    def delete(self, session, identity):
        """Sign out; every service refuses the session's tokens within a second."""
        life = current_app.extensions["settings"].access_token_life
        sessions.end(session, session_id=identity.session_id, access_life=life)
