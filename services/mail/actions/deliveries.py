"""Deliveries: what is mailed to whom, and which were."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.mail.errors import RecipientUnknown
from services.mail.models import Delivery, Recipient
from shared.commands import Commands
from shared.ids import new_id

LANGUAGE = "en"


def note_recipient(session: Session, *, user_id: str, address: str) -> None:
    """From now on the user is reached at this address."""
    session.merge(Recipient(user_id=user_id, address=address))


def welcome(session: Session, *, deliveries: Commands, user_id: str, address: str, sealed_token: str) -> Delivery:
    """Notes where a new user is reached and queues the mail with the link that proves it."""
    note_recipient(session, user_id=user_id, address=address)
    context = {"link_path": "/v1/auth/verifications/"}
    return _queue(session, deliveries, "verification", user_id, address, context, sealed_token=sealed_token)


def tell_of_repeated_registration(session: Session, *, deliveries: Commands, user_id: str, address: str) -> Delivery:
    """Queues the mail to an owner whose address somebody registered again."""
    return _queue(session, deliveries, "registration_repeated", user_id, address, {})


def tell_of_finished_job(
    session: Session, *, deliveries: Commands, owner_id: str, job_id: str, kind: str, state: str, problem: dict | None
) -> Delivery:
    """Queues the mail about a job's end to its owner; raises RecipientUnknown while auth has not told of them."""
    recipient = session.get(Recipient, owner_id)
    if recipient is None:
        raise RecipientUnknown
    context = {"job_id": job_id, "kind": kind, "state": state, "reason": (problem or {}).get("detail")}
    return _queue(session, deliveries, "job_finished", owner_id, recipient.address, context)


def forget_secret(_session: Session, delivery: Delivery, _error: Exception | None = None) -> None:
    """A mail that is sent, or never will be, needs its token no more."""
    delivery.sealed_token = None


def list_newest_first(session: Session, *, state: str | None, before: str | None, limit: int) -> list[Delivery]:
    """Up to `limit` deliveries elder than the one with id `before`."""
    wanted = select(Delivery).order_by(Delivery.id.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(Delivery.state == state)
    if before is not None:
        wanted = wanted.where(Delivery.id < before)
    return list(session.scalars(wanted))


def _queue(
    session: Session,
    deliveries: Commands,
    template: str,
    user_id: str,
    address: str,
    context: dict[str, Any],
    **more: Any,
) -> Delivery:
    delivery_id = new_id()
    return deliveries.submit(
        session,
        id=delivery_id,
        template=template,
        language=LANGUAGE,
        recipient=address,
        user_id=user_id,
        context=context,
        message_id=f"<{delivery_id}@quintet>",
        **more,
    )
