"""Pictures: a stored one asks for variants, finished variants are told."""

from typing import Any

from sqlalchemy.orm import Session

from services.worker.actions import endings, jobs
from services.worker.kinds import IMAGE_VARIANTS
from services.worker.models import Job
from shared.bus import announce
from shared.events.data import FileStored
from shared.events.worker import VariantsMade

CONTENT_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})


def queue_variants(session: Session, *, file: FileStored) -> None:
    """A picture gets one job, whose id is the file's; other files get none."""
    if file.content_type.partition(";")[0].strip().lower() in CONTENT_TYPES:
        wanted = {"file_id": file.file_id, "storage_key": file.storage_key}
        jobs.submit_once(session, job_id=file.file_id, kind=IMAGE_VARIANTS, input=wanted, owner_id=file.owner_id)


def publish(session: Session, *, job: Job, variants: dict[str, dict[str, Any]]) -> None:
    """The variants lie in the object store: tell it, and end the job."""
    announce(session, VariantsMade(file_id=job.input["file_id"], variants=variants))
    sizes = {name: {key: variant[key] for key in ("width", "height")} for name, variant in variants.items()}
    endings.succeed(session, job=job, result=sizes, message=f"{len(variants)} variants made")
