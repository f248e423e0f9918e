"""What auth is told by its environment."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, field_validator

from shared.sealing import key_of
from shared.settings import Settings


class AuthSettings(Settings):
    """The base settings, the secrets under which keys and tokens lie, and how long each thing lives."""

    service: ClassVar[str] = "auth"

    signing_keys_secret: str = Field(repr=False, description="Encrypts the signing keys at rest: 32 bytes in base64")
    event_seal_keys: dict[str, str] = Field(repr=False, description="JSON: key id -> AES key in base64", min_length=1)
    access_token_minutes: int = Field(15, ge=1, le=1440, description="How long an access token is good")
    refresh_token_days: int = Field(30, ge=1, le=365, description="How long a session lives without a refresh")
    verification_hours: int = Field(24, ge=1, le=720, description="How long a mailed link is good")

    @field_validator("signing_keys_secret")
    @classmethod
    def _is_a_key(cls, text: str) -> str:
        key_of(text)
        return text

    @field_validator("event_seal_keys")
    @classmethod
    def _are_keys(cls, keys: dict[str, str]) -> dict[str, str]:
        for text in keys.values():
            key_of(text)
        return keys

    @property
    def access_token_life(self) -> timedelta:
        """How long an access token is good."""
        return timedelta(minutes=self.access_token_minutes)

    @property
    def refresh_token_life(self) -> timedelta:
        """How long a refresh token is good."""
        return timedelta(days=self.refresh_token_days)

    @property
    def verification_life(self) -> timedelta:
        """How long a mailed link is good."""
        return timedelta(hours=self.verification_hours)
