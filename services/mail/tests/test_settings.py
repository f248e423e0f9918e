"""Settings that would have mail fail later are refused before a port opens."""

import base64

import pytest
from pydantic import ValidationError

from services.mail.settings import MailSettings
from shared.testing.identity import settings_for

GOOD = {
    "event_seal_keys": {"k1": base64.b64encode(b"k" * 32).decode()},
    "smtp_host": "127.0.0.1",
    "smtp_port": 587,
    "smtp_security": "starttls",
    "mail_from": "Quintet <hello@example.org>",
}


def test_good_settings_are_taken():
    assert settings_for(MailSettings, **GOOD).smtp_timeout_seconds == 10


@pytest.mark.parametrize(
    "change",
    [
        {"event_seal_keys": {}},
        {"event_seal_keys": {"k1": "short"}},
        {"smtp_security": "maybe"},
        {"smtp_port": 0},
        {"mail_from": "nobody"},
        {"mail_from": "a@example.org\r\nBcc: b@example.org"},
        {"smtp_timeout_seconds": 0},
    ],
)
def test_bad_settings_are_refused(change):
    with pytest.raises(ValidationError):
        settings_for(MailSettings, **(GOOD | change))
