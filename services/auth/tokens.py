"""Access tokens: what a grant becomes before it is handed out."""

from flask import current_app
from flask_jwt_extended import create_access_token

from services.auth.actions.sessions import Grant
from services.auth.extensions import keys
from services.auth.schemas import Tokens


def hand_out(grant: Grant) -> Tokens:
    """A grant's tokens, the access token signed with the current key."""
    life = current_app.extensions["settings"].access_token_life
    access_token = create_access_token(
        grant.user_id,
        expires_delta=life,
        additional_claims={"sid": grant.session_id, "role": grant.role},
        additional_headers={"kid": keys.current()[0]},
    )
    return Tokens(
        session_id=grant.session_id,
        access_token=access_token,
        expires_in=int(life.total_seconds()),
        refresh_token=grant.refresh_token,
        refresh_expires_at=grant.refresh_expires_at,
    )
