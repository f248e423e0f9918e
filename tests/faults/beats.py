"""A beat process of worker's schedules, as `celery beat` runs it, in a child of the harness."""

import os
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace

from celery.beat import Service

from services.worker import extensions
from services.worker.schedule import DatabaseScheduler
from shared import logs
from shared.commands.celery_app import make_celery
from tests.faults.members import end_idle_transactions_soon
from tests.faults.watching import Leash


def beat(url: str, folder: Path, pipe: Connection) -> None:
    """Looks into the schedules of the database at `url` until it is killed. No broker is there to be asked."""
    log = os.open(folder / f"beat-{os.getpid()}.log", os.O_CREAT | os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    end_idle_transactions_soon()
    logs.configure("worker", role="beat")
    extensions.database.connect(url)
    leash = Leash(pipe)
    app = make_celery("worker", SimpleNamespace(celery_url="redis://127.0.0.1:1/0"))
    leash.tell("ready")
    Service(app, max_interval=1, scheduler_cls=DatabaseScheduler, schedule_filename="").start()
