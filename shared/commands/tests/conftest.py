"""A database with the errands' tables, their commands, a sender, and worker processes."""

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from shared.commands.celery_app import make_celery
from shared.commands.sending import CommandSender
from shared.commands.tests.errands import Base, errand_commands
from shared.database import Database


@pytest.fixture
def database(database_url):
    database = Database().connect(database_url)
    Base.metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def errands(database):
    return errand_commands(database)


@pytest.fixture
def submit(database, errands):
    """Submits one errand and gives its id."""

    def submit_one(**columns) -> str:
        with database.transaction() as session:
            return errands.submit(session, **columns).id

    return submit_one


@pytest.fixture
def make_sender(database, errands):
    made = []

    def make(url: str) -> CommandSender:
        made.append(CommandSender(errands, database, make_celery("errands", SimpleNamespace(celery_url=url))))
        return made[-1]

    yield make
    for sender in made:
        sender.producing.close()


@pytest.fixture
def start_worker(database_url):
    """Starts real worker processes; ends them with the test."""
    workers = []

    def start(redis_url: str, pool: str = "threads", **settings: object) -> subprocess.Popen:
        command = [sys.executable, "-m", "celery", "-A", "shared.commands.tests.errand_worker", "worker"]
        quiet = ["-Q", "errands", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        environment = {"DATABASE_URL": database_url, "CELERY_URL": redis_url, "POOL": pool, "PYTHONPATH": "."}
        environment |= {name.upper(): str(value) for name, value in settings.items()}
        workers.append(subprocess.Popen([*command, *quiet], env=environment, start_new_session=True))
        return workers[-1]

    yield start
    for worker in workers:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)  # a child of prefork would outlive its parent
        worker.wait(60)
