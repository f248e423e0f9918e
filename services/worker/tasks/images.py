"""Jobs about pictures."""

from services.worker import images
from services.worker.actions import images as pictures
from services.worker.kinds import input_of
from services.worker.settings import WorkerSettings
from shared.commands import Claim
from shared.objects import ObjectStore


def make_variants(claim: Claim, settings: WorkerSettings) -> None:
    """Smaller copies of an uploaded picture; they are removed again where the job can't be ended with them."""
    store = ObjectStore(settings.files_dir)
    with store.open(input_of(claim.row.kind, claim.row.input).storage_key) as original:
        made = images.make_variants(original)
    stored = {variant.name: _stored(store, variant) for variant in made}
    try:
        with claim.finishing() as session:
            pictures.publish(session, job=claim.row, variants=stored)
    except BaseException:
        for variant in stored.values():
            store.delete(variant["storage_key"])
        raise


def _stored(store: ObjectStore, variant: images.Variant) -> dict:
    kept = store.put(variant.content, area="variants")
    return {
        "storage_key": kept.key,
        "content_type": variant.content_type,
        "width": variant.width,
        "height": variant.height,
        "size": kept.size,
    }
