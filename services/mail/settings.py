"""What mail is told by its environment."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from services.mail.addresses import is_sender
from shared.sealing import key_of
from shared.settings import Settings


class MailSettings(Settings):
    """The base settings, the SMTP server, and the keys of sealed fields in events."""

    service: ClassVar[str] = "mail"

    event_seal_keys: dict[str, str] = Field(repr=False, description="JSON: key id -> AES key in base64", min_length=1)
    smtp_host: str = Field(description="The SMTP server that takes our mail")
    smtp_port: int = Field(ge=1, le=65535, description="Its port: usually 587 with starttls, 465 with tls")
    smtp_security: Literal["none", "starttls", "tls"] = Field(description="How the connection is encrypted")
    smtp_username: str | None = Field(None, description="User at the SMTP server, if it wants one")
    smtp_password: str | None = Field(None, repr=False, description="Password at the SMTP server")
    smtp_ca_file: Path | None = Field(None, description="Certificates to trust instead of the system's, in PEM")
    smtp_timeout_seconds: float = Field(10, gt=0, description="The longest wait for any answer of the SMTP server")
    mail_from: str = Field(description="The sender's address, with a name if you like: Quintet <hello@example.org>")

    @field_validator("event_seal_keys")
    @classmethod
    def _are_keys(cls, keys: dict[str, str]) -> dict[str, str]:
        for text in keys.values():
            key_of(text)
        return keys

    @field_validator("mail_from")
    @classmethod
    def _is_one_address(cls, text: str) -> str:
        if not is_sender(text):
            raise ValueError("must be one address, with a name if you like: Quintet <hello@example.org>")
        return text
