"""The real worker process: a delivery goes from its row over the broker to an SMTP server."""

import os
import signal
import subprocess
import sys

import orjson
import pytest

from services.mail.actions import deliveries as mails
from services.mail.extensions import deliveries
from services.mail.tests.conftest import SEAL_KEYS
from shared.ids import new_id
from shared.sealing import seal
from shared.testing import eventually


@pytest.fixture
def worker(app, settings, redis_url):
    told = settings.model_copy(update={"celery_url": redis_url}).model_dump(mode="json", exclude_none=True)
    texts = {k.upper(): v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in told.items()}
    command = [sys.executable, "-m", "celery", "-A", "services.mail.tasks.app", "worker", "-Q", "mail"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    process = subprocess.Popen([*command, *quiet], env={**texts, "PYTHONPATH": "."}, start_new_session=True)
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


@pytest.mark.slow
def test_a_delivery_is_sent_by_the_worker_process_which_ends_when_told(
    database, settings, redis_url, post_office, worker, read
):
    with database.transaction() as session:
        told = {"user_id": new_id(), "address": "ada@example.org", "sealed_token": seal("t0ken", SEAL_KEYS)}
        delivery_id = mails.welcome(session, deliveries=deliveries, **told).id
    sender = deliveries.sender(settings.model_copy(update={"celery_url": redis_url}))

    def is_sent() -> bool:
        sender.step()
        return read(delivery_id).state == "succeeded"

    eventually(is_sent, within=400)
    assert len(post_office.mails) == 1
    worker.terminate()
    assert worker.wait(240) == 0
