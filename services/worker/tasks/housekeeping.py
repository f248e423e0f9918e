"""Jobs that keep the house in order."""

from datetime import timedelta

from services.worker.actions import endings, housekeeping
from services.worker.settings import WorkerSettings
from shared import clock
from shared.commands import Claim


def prune(claim: Claim, settings: WorkerSettings) -> None:
    """Deletes finished jobs that are older than the settings say, a batch per transaction."""
    before, pruned = clock.now() - timedelta(days=settings.job_keep_days), 0
    while batch := _prune_batch(claim, before):
        pruned += batch
    with claim.finishing() as session:
        endings.succeed(session, job=claim.row, result={"pruned": pruned}, message=f"{pruned:,} jobs deleted")


def _prune_batch(claim: Claim, before) -> int:
    with claim.holding() as session:
        return housekeeping.prune(session, before=before)
