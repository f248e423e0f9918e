"""Why a token is not taken."""

from shared.problems import Forbidden, Unauthenticated, Unavailable


class TokenRefused(Unauthenticated):
    """The token is not taken."""

    def __init__(self, detail: str | None = None, **more):
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **more)


class TokenMissing(TokenRefused):
    """This needs a token in the header `Authorization: Bearer ...`."""


class TokenInvalid(TokenRefused):
    """The token is malformed, forged, of an unknown key, or not meant for this."""


class TokenExpired(TokenRefused):
    """The token has expired; refresh it or sign in again."""


class TokenRevoked(TokenRefused):
    """The session of this token has ended; sign in again."""


class AdminsOnly(Forbidden):
    """Only an admin may do this."""


class OperatorsOnly(Forbidden):
    """Only an admin or the operator's own command may do this."""


class KeysUnavailable(Unavailable):
    """The keys to verify tokens with could not be fetched yet."""
