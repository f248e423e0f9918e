"""What worker is connected to, unbound until create_app or the Celery app binds it."""

from services.worker.actions import endings
from services.worker.models import Job
from shared.bus import Bus
from shared.commands import Commands
from shared.database import Database

database = Database(migrations="services/worker/migrations")
bus = Bus()
queue = Commands(
    Job,
    database,
    task="worker.perform",
    queue="jobs",
    max_attempts=5,
    lease_seconds=60,
    when_failed=endings.fail,
)
