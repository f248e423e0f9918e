"""Jobs that read a file's rows for data to write."""

from itertools import islice

from services.worker import csvs
from services.worker.actions import imports, progress
from services.worker.kinds import input_of
from services.worker.models import AWAITING
from services.worker.reporting import Throttle
from services.worker.settings import WorkerSettings
from shared.commands import Claim
from shared.objects import ObjectStore

ROWS_AT_ONCE = 250


def read_rows(claim: Claim, settings: WorkerSettings) -> None:
    """Tells the file's rows in chunks; the whole file is read once before, so that a broken one tells none."""
    path = ObjectStore(settings.files_dir).path(input_of(claim.row.kind, claim.row.input).storage_key)
    total = sum(1 for _ in csvs.read_rows(path))
    remaining = islice(csvs.read_rows(path), imports.rows_told(claim.row), None)
    throttle = Throttle()
    for rows, is_last in csvs.in_chunks(remaining, ROWS_AT_ONCE):
        with claim.finishing(AWAITING) if is_last else claim.holding() as session:
            imports.announce_rows(session, job=claim.row, rows=rows, total=total, is_last=is_last)
            if throttle.is_due() or is_last:
                progress.announce_change(session, job=claim.row, state=AWAITING if is_last else None)
