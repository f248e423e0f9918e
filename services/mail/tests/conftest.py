"""mail's app on a migrated database, with an SMTP server to send to."""

import base64

import pytest

from services.mail.app import create_app
from services.mail.extensions import database as mail_database
from services.mail.models import Delivery
from services.mail.settings import MailSettings
from services.mail.tests.post_office import PostOffice
from shared.database import migrator
from shared.testing.identity import settings_for, trust_test_keys

SEAL_KEYS = {"k1": base64.b64encode(b"k" * 32).decode()}


@pytest.fixture
def post_office():
    with PostOffice() as office:
        yield office


@pytest.fixture
def settings(database_url, post_office):
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": post_office.port, "smtp_security": "none"}
    told = smtp | {"mail_from": "Quintet <hello@quintet.test>", "event_seal_keys": SEAL_KEYS}
    told |= {"smtp_timeout_seconds": 60}
    return settings_for(MailSettings, database_url, **told)


@pytest.fixture
def app(settings):
    app = create_app(settings)
    migrator.upgrade(mail_database)
    trust_test_keys(app)
    yield app
    mail_database.dispose()


@pytest.fixture
def database(app):
    return mail_database


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def read(database):
    """Reads one delivery afresh."""

    def read_one(delivery_id: str) -> Delivery:
        with database.reading() as session:
            return session.get(Delivery, delivery_id)

    return read_one
