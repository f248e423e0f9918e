"""Worker's Celery app: `celery -A services.worker.tasks.app worker -Q jobs`, and `beat` with the DatabaseScheduler."""

from services.worker.extensions import database, queue
from services.worker.settings import WorkerSettings
from services.worker.tasks import perform
from shared import logs
from shared.bus.poke import Poker
from shared.bus.redis_streams import RedisStreams
from shared.commands import Claim
from shared.commands.celery_app import make_celery
from shared.commands.performing import performs

LONGEST_SECONDS = 900

settings = WorkerSettings()
logs.configure("worker", role="tasks", level=settings.log_level)
database.connect(settings.database_url)
database.session_info.update(
    partitions=settings.bus_partitions, poke=Poker(RedisStreams(settings.bus_url), "worker").poke
)
app = make_celery("worker", settings, pool="prefork", concurrency=1, database=database)


@performs(queue, app, time_limit=LONGEST_SECONDS)
def work(claim: Claim) -> None:
    """Does the job that the claim is for."""
    perform(claim, settings)
