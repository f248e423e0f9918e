"""The Celery app of the tests' worker processes: `celery -A shared.commands.tests.errand_worker worker`."""

import os
import signal

from celery.signals import worker_ready

from shared import logs
from shared.commands import Claim, GiveUp, ending, listening
from shared.commands.celery_app import make_celery
from shared.commands.performing import performs
from shared.commands.tests.errands import ErrandSettings, Mark, errand_commands, marks_of
from shared.database import Database
from shared.testing import eventually

settings = ErrandSettings()
logs.configure("errands", role="tasks")
database = Database().connect(settings.database_url)
errands = errand_commands(database, lease_seconds=settings.lease_seconds)
app = make_celery("errands", settings, pool=settings.pool, concurrency=2, database=database)
listening.DEAF_SECONDS, listening.LOOK_SECONDS = settings.deaf_seconds, 0.5
ending.FINISHING_SECONDS = settings.finishing_seconds
listeners = []
worker_ready.connect(lambda sender, **_: listeners.append(sender), weak=False)


@performs(errands, app)
def run_errand(claim: Claim) -> None:
    """Does as the errand's kind says and leaves a mark."""
    with claim.holding() as session:
        session.add(Mark(errand_id=claim.id, what=f"begun {claim.attempt}"))
    if (claim.row.kind == "die once" and claim.attempt == 1) or claim.row.kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if claim.row.kind == "go deaf":
        listeners[0].task_consumer.cancel()  # as a worker is that lost its place in the queue and does not know
    if claim.row.kind == "wait":
        eventually(lambda: "go" in marks_of(database, claim.id), within=400)
    if claim.row.kind == "give up":
        raise GiveUp("it makes no sense")
    if claim.row.kind == "fail":
        raise RuntimeError("not today\nand a second line that quotes a secret")
    with claim.finishing() as session:
        session.add(Mark(errand_id=claim.id, what="done"))
