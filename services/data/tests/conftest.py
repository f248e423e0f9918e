"""data's app on a migrated database of each kind, with people who use it and what it announced."""

import pytest
from sqlalchemy import select

from services.data.app import create_app
from services.data.extensions import database as data_database
from services.data.settings import DataSettings
from services.data.tests.people import AIRPORTS, Person
from shared.bus.tables import outbox
from shared.database import migrator
from shared.events import Envelope, decode
from shared.objects import ObjectStore
from shared.testing.identity import settings_for, trust_test_keys

UPLOAD_LIMIT = 100_000


@pytest.fixture
def settings(database_url, tmp_path):
    return settings_for(DataSettings, database_url, files_dir=tmp_path / "files", max_upload_bytes=UPLOAD_LIMIT)


@pytest.fixture
def app(settings):
    app = create_app(settings)
    migrator.upgrade(data_database)
    trust_test_keys(app)
    yield app
    data_database.dispose()


@pytest.fixture
def database(app):
    return data_database


@pytest.fixture
def store(settings) -> ObjectStore:
    return ObjectStore(settings.files_dir)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def admin(client) -> Person:
    return Person(client, "admin")


@pytest.fixture
def ada(client) -> Person:
    return Person(client)


@pytest.fixture
def ben(client) -> Person:
    return Person(client)


@pytest.fixture
def nobody(client) -> Person:
    """Somebody who did not sign in."""
    return Person(client, None)


@pytest.fixture
def airports(admin) -> str:
    """The story's collection, empty."""
    assert admin.defines(AIRPORTS).status_code == 201
    return "airports"


class Announced:
    """What has been announced since the last time that it was asked for."""

    def __init__(self, database):
        self.database, self.seen = database, 0

    def __call__(self) -> list:
        query = select(outbox.c.seq, outbox.c.envelope).where(outbox.c.seq > self.seen).order_by(outbox.c.seq)
        with self.database.reading() as session:
            found = session.execute(query).all()
        self.seen = max((row.seq for row in found), default=self.seen)
        return [decode(Envelope.from_json(row.envelope)) for row in found]


@pytest.fixture
def announced(database) -> Announced:
    return Announced(database)
