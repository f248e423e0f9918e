"""auth's app on a migrated database of both kinds, with cheap password hashing."""

import base64

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from services.auth import extensions, hashing
from services.auth.app import create_app
from services.auth.settings import AuthSettings
from services.auth.tests.people import Person
from shared.bus.tables import outbox
from shared.database import migrator
from shared.events import Envelope, decode
from shared.testing.identity import settings_for

SECRET = base64.b64encode(b"s" * 32).decode()
SEAL_KEYS = {"1": base64.b64encode(b"k" * 32).decode()}


class CountingHasher(PasswordHasher):
    """Hashes cheaply and counts how often it was asked to."""

    count = 0

    def hash(self, *args, **options):
        self.count += 1
        return super().hash(*args, **options)

    def verify(self, *args, **options):
        self.count += 1
        return super().verify(*args, **options)


@pytest.fixture
def hasher(monkeypatch):
    cheap = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(hashing, "hasher", cheap)
    return cheap


@pytest.fixture
def settings(database_url):
    return settings_for(AuthSettings, database_url, signing_keys_secret=SECRET, event_seal_keys=SEAL_KEYS)


@pytest.fixture
def app(settings, hasher):
    app = create_app(settings)
    migrator.upgrade(extensions.database)
    yield app
    extensions.database.dispose()


@pytest.fixture
def database(app):
    return extensions.database


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def announced(database):
    """The events announced so far, of one class or of all."""

    def announced(cls=None) -> list:
        with database.reading() as session:
            texts = session.scalars(select(outbox.c.envelope).order_by(outbox.c.seq)).all()
        events = [decode(Envelope.from_json(text)) for text in texts]
        return [event for event in events if cls is None or type(event) is cls]

    return announced


@pytest.fixture
def ada(client, announced):
    """Somebody who has not registered yet."""
    return Person(client, announced, SEAL_KEYS, "ada@example.com")


@pytest.fixture
def verified_ada(ada):
    """Somebody who registered and followed the mailed link."""
    ada.registers()
    ada.follows_the_link()
    return ada
