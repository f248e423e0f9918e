"""What worker's tests stand on: a migrated database of both kinds, a folder of files, the events announced so far."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from services.worker import extensions
from services.worker.actions import jobs
from services.worker.models import Job
from services.worker.tasks import perform
from shared.bus.tables import outbox
from shared.commands.performing import perform as attempt
from shared.database import migrator
from shared.events import Envelope, decode
from shared.ids import new_id
from shared.objects import ObjectStore


@pytest.fixture
def database(database_url):
    extensions.database.connect(database_url)
    migrator.upgrade(extensions.database)
    yield extensions.database
    extensions.database.dispose()


@pytest.fixture
def settings(tmp_path):
    """What the tasks read of the settings."""
    return SimpleNamespace(files_dir=tmp_path / "files", job_keep_days=30)


@pytest.fixture
def store(settings) -> ObjectStore:
    return ObjectStore(settings.files_dir)


@pytest.fixture
def ada() -> str:
    """The id of a user."""
    return new_id()


@pytest.fixture
def submit(database, ada):
    """Submits a job of Ada's and gives its id."""

    def submit(kind: str, document: dict, **more) -> str:
        with database.transaction() as session:
            return jobs.submit(session, **{"kind": kind, "input": document, "owner_id": ada} | more).id

    return submit


@pytest.fixture
def run(database, settings):
    """Does a job as the Celery task would, and gives what became of it."""

    def run(job_id: str) -> Job:
        attempt(extensions.queue, job_id, lambda claim: perform(claim, settings))
        return job_of(job_id)

    def job_of(job_id: str) -> Job:
        with database.reading() as session:
            return session.get(Job, job_id)

    return run


@pytest.fixture
def announced(database):
    """The events announced so far, of one type or of all."""

    def announced(cls=None) -> list:
        with database.reading() as session:
            envelopes = session.scalars(select(outbox.c.envelope).order_by(outbox.c.seq)).all()
        events = [decode(Envelope.from_json(envelope)) for envelope in envelopes]
        return [event for event in events if cls is None or type(event) is cls]

    return announced
