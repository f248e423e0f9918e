"""Worker's Celery app: `celery -A services.worker.tasks.app worker -Q jobs`, and `beat` with the DatabaseScheduler.

Its pool is prefork: a stranger's picture or file is read in a child that can be killed without harm to another job.
"""

from services.worker.app import create_app
from services.worker.extensions import database, queue
from services.worker.settings import WorkerSettings
from services.worker.tasks import perform
from shared import logs
from shared.commands import Claim
from shared.commands.celery_app import make_celery
from shared.commands.performing import performs

LONGEST_SECONDS = 900

settings = WorkerSettings()
create_app(settings)
logs.set_role("tasks")
app = make_celery("worker", settings, pool="prefork", concurrency=1, database=database)


@performs(queue, app, time_limit=LONGEST_SECONDS)
def work(claim: Claim) -> None:
    """Does the job that the claim is for."""
    perform(claim, settings)
