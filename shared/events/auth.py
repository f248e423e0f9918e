"""What auth tells: accounts and sessions."""

from datetime import datetime

from shared.events.base import Event, Sealed


class UserEvent(Event):
    """An event about one user; events of a user keep their order."""

    user_id: str

    @property
    def subject(self) -> str:
        return f"users/{self.user_id}"


class UserRegistered(UserEvent):
    """A person created an account; the address is not verified yet. Holds personal data (email)."""

    email: str
    verification_token: Sealed
    """Sealed (AES-GCM) for mail; clear text nowhere."""


class RegistrationRepeated(UserEvent):
    """Somebody registered with an address that has an account; its owner is told by mail. Holds personal data."""

    email: str


class AdminCreated(UserEvent):
    """An operator made an admin; the address counts as verified. Holds personal data (email)."""

    email: str


class EmailVerified(UserEvent):
    """The owner of an address followed the mailed link. Nobody handles it yet: it is there for services to come."""


class SessionRevoked(UserEvent):
    """A session ended before its access tokens did; every service refuses them until they expire."""

    session_id: str
    expires_at: datetime
    """When the last access token of the session expires by itself."""
