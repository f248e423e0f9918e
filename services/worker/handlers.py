"""What worker does when others tell: pictures get variants, imports get read."""

from sqlalchemy.orm import Session

from services.worker.actions import images, imports
from shared.bus import Handlers
from shared.events import Envelope
from shared.events.data import FileStored, ImportFinished, ImportProgressed, ImportRequested
from shared.identity.revocations import handlers_on

handlers = Handlers("worker")
handlers_on(handlers)


@handlers.on(FileStored)
def queue_variants(session: Session, event: FileStored, envelope: Envelope) -> None:
    images.queue_variants(session, file=event)


@handlers.on(ImportRequested)
def queue_reading(session: Session, event: ImportRequested, envelope: Envelope) -> None:
    imports.queue_reading(session, request=event)


@handlers.on(ImportProgressed)
def note_import_progress(session: Session, event: ImportProgressed, envelope: Envelope) -> None:
    imports.note_progress(session, news=event)


@handlers.on(ImportFinished)
def end_import(session: Session, event: ImportFinished, envelope: Envelope) -> None:
    imports.finish(session, news=event)
