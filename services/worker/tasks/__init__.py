"""The doors through which jobs are done: each reads its input, calls a plain function, ends the job."""

from services.worker.kinds import GEO_NEAREST, HOUSEKEEPING, IMAGE_VARIANTS, IMPORT
from services.worker.reporting import Reporter
from services.worker.settings import WorkerSettings
from services.worker.tasks import geo, housekeeping, images, imports
from shared.commands import Claim, GiveUp
from shared.problems import Problem

DOORS = {
    GEO_NEAREST: geo.find_nearest,
    IMAGE_VARIANTS: images.make_variants,
    IMPORT: imports.read_rows,
    HOUSEKEEPING: housekeeping.prune,
}


def perform(claim: Claim, settings: WorkerSettings) -> None:
    """Does the claimed job; a problem is the job's own fault, so no further attempt would help."""
    Reporter(claim).start()
    try:
        DOORS[claim.row.kind](claim, settings)
    except Problem as problem:
        raise GiveUp(problem) from problem
