"""E-mail addresses: which are taken, how they are written, how they are compared."""

from email_validator import EmailNotValidError, validate_email

from services.auth.errors import AddressInvalid

LONGEST = 254


def reachable(address: str) -> str:
    """The address as it is kept, where mail can be sent to it; raises AddressInvalid.

    Before the @ stands ASCII alone: few servers take anything else, and nobody would be told that the mail stays away.
    """
    normal = normalize(address)
    if not normal.rpartition("@")[0].isascii():
        raise AddressInvalid(errors=[{"pointer": "#/email", "detail": "Before the @ mail takes ASCII letters alone"}])
    return normal


def normalize(address: str) -> str:
    """The address as it is kept and written to; raises AddressInvalid. Asks no DNS."""
    try:
        return validate_email(address, check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError:
        raise AddressInvalid(errors=[{"pointer": "#/email", "detail": "This is no e-mail address"}]) from None


def key_of(address: str) -> str:
    """The address as it is compared: letter case tells no two people apart, but straße.de is not strasse.de."""
    return normalize(address).lower()
