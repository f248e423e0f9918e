"""Every problem that auth can raise."""

from shared.problems import Gone, Invalid, NotFound, Unauthenticated


class AddressInvalid(Invalid):
    """This is no e-mail address, or none that mail can be sent to."""


class BadCredentials(Unauthenticated):
    """The address or the password is wrong, or the address is not verified yet by the mailed link."""


class VerificationUnknown(NotFound):
    """This link is not one of ours, or another one took its place."""


class VerificationExpired(Gone):
    """This link is too old; register again to get a new one."""


class RefreshTokenInvalid(Unauthenticated):
    """The refresh token is unknown, or its session has ended; sign in again."""


class RefreshTokenExpired(Unauthenticated):
    """The refresh token has expired; sign in again."""


class RefreshTokenReused(Unauthenticated):
    """The refresh token was used before, so its session has ended for whoever holds it; sign in again."""


class AccountGone(NotFound):
    """The account of this token is no more."""
