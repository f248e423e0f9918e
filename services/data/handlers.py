"""What data does when the worker has made or read something."""

from sqlalchemy.orm import Session

from services.data.actions import files, imports
from shared.bus import Handlers
from shared.events import Envelope
from shared.events.worker import ImportRowsRead, ImportUnreadable, VariantsMade
from shared.identity import revocations

handlers = Handlers("data")
revocations.handlers_on(handlers)


@handlers.on(VariantsMade)
def keep_variants(session: Session, event: VariantsMade, envelope: Envelope) -> None:
    """The record shows the smaller versions of its picture."""
    files.add_variants(session, file_id=event.file_id, variants=event.variants, actor_id=None)


@handlers.on(ImportRowsRead)
def stage_rows(session: Session, event: ImportRowsRead, envelope: Envelope) -> None:
    """The rows are checked and set aside, and after the last become records."""
    imports.stage(session, import_id=event.import_id, rows=event.numbered_rows, is_last=event.is_last)


@handlers.on(ImportUnreadable)
def give_up_import(session: Session, event: ImportUnreadable, envelope: Envelope) -> None:
    """The import ends with what is wrong with its file."""
    imports.give_up(session, import_id=event.import_id, problem=event.problem)
