"""A process that is stopped inside a write transaction: what the others are told until it is killed."""

import signal
import subprocess
import sys

import psutil
import pytest

from shared.database.migrator import ROOT
from shared.testing import eventually
from shared.testing.identity import assert_problem
from shared.web.errors import DatabaseUnavailable

WRITER = """
import os, signal, sys
from sqlalchemy import text
from shared.database import Database
with Database().connect(sys.argv[1]).transaction() as session:
    session.execute(text("INSERT INTO notes (text) VALUES ('never committed')"))
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture(autouse=True)
def patient_locks() -> None:
    """Locks are waited for no longer than in production."""


@pytest.fixture
def stopped_writer(database):
    """A process that holds the database's write lock and stands still."""
    url = database.engine.url.render_as_string(hide_password=False).replace("postgresql+psycopg", "postgresql")
    process = subprocess.Popen([sys.executable, "-c", WRITER, url], cwd=ROOT)
    eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, within=400)
    yield process
    process.kill()
    process.wait(60)


def test_a_stopped_writer_has_writes_refused_for_a_while_and_reads_answered(client, database, stopped_writer):
    written = client.post("/v1/test/notes", json={"text": "hello"})
    if database.dialect == "sqlite":
        assert_problem(written, DatabaseUnavailable)
        assert int(written.headers["Retry-After"]) >= 1
    else:
        assert written.status_code == 201
    listed = client.get("/v1/test/notes")
    assert (listed.status_code, len(listed.get_json()["items"])) == (200, 0 if database.dialect == "sqlite" else 1)
    stopped_writer.send_signal(signal.SIGKILL)
    stopped_writer.wait(60)
    assert client.post("/v1/test/notes", json={"text": "again"}).status_code == 201
