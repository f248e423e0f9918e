"""What worker does when data tells something."""

import pytest

from services.worker.handlers import handlers
from services.worker.models import Job
from shared.events.data import FileStored
from shared.ids import new_id


@pytest.fixture
def hear(database):
    """Lets the handlers of an event react to it."""

    def hear(event) -> None:
        for handler in handlers.of(event.type):
            with database.transaction() as session:
                handler.react(session, event, None)

    return hear


def stored(content_type: str) -> FileStored:
    return FileStored(
        file_id=new_id(),
        collection="airports",
        record_id=new_id(),
        field="photo",
        content_type=content_type,
        size=10,
        storage_key="files/00/00000000000000000000000000000000",
        owner_id=new_id(),
    )


def test_an_uploaded_picture_gets_one_job_under_its_own_id(hear, database):
    file = stored("image/jpeg")
    hear(file)
    hear(file)
    with database.reading() as session:
        job = session.get(Job, file.file_id)
    assert (job.kind, job.owner_id, job.state) == ("image.variants", file.owner_id, "queued")


@pytest.mark.parametrize("content_type", ["application/pdf", "text/plain", "image/svg+xml"])
def test_any_other_file_gets_none(hear, database, content_type):
    file = stored(content_type)
    hear(file)
    with database.reading() as session:
        assert session.get(Job, file.file_id) is None


def test_worker_listens_to_data_and_to_revocations():
    assert handlers.sources == {"auth", "data"}
