"""What mail does about other services' events."""

from sqlalchemy.orm import Session

from services.mail.actions import deliveries as mails
from services.mail.extensions import deliveries
from shared.bus import Handlers
from shared.events import Envelope
from shared.events.auth import AdminCreated, RegistrationRepeated, UserRegistered
from shared.events.worker import JobFinished
from shared.identity import revocations

handlers = Handlers("mail")
revocations.handlers_on(handlers)


@handlers.on(UserRegistered)
def queue_verification(session: Session, event: UserRegistered, _envelope: Envelope) -> None:
    mails.welcome(
        session,
        deliveries=deliveries,
        user_id=event.user_id,
        address=event.email,
        sealed_token=event.verification_token,
    )


@handlers.on(AdminCreated)
def note_admin(session: Session, event: AdminCreated, _envelope: Envelope) -> None:
    mails.note_recipient(session, user_id=event.user_id, address=event.email)


@handlers.on(RegistrationRepeated)
def queue_registration_repeated(session: Session, event: RegistrationRepeated, _envelope: Envelope) -> None:
    mails.tell_of_repeated_registration(session, deliveries=deliveries, user_id=event.user_id, address=event.email)


@handlers.on(JobFinished)
def queue_job_finished(session: Session, event: JobFinished, _envelope: Envelope) -> None:
    """Waits where the job's owner is not known yet: auth's and worker's events come in no common order."""
    if not event.notify or event.owner_id is None:
        return
    mails.tell_of_finished_job(
        session,
        deliveries=deliveries,
        owner_id=event.owner_id,
        job_id=event.job_id,
        kind=event.kind,
        state=event.state,
        problem=event.problem,
    )
