"""Delivers one mail."""

from services.mail.actions.deliveries import forget_secret
from services.mail.composing import compose
from services.mail.extensions import mailer
from services.mail.mailer import MailRefused
from services.mail.settings import MailSettings
from shared.commands import Claim, GiveUp


def deliver(claim: Claim, settings: MailSettings) -> None:
    """Sends the claimed delivery; a refusal for good ends it, anything else has it tried again."""
    message = compose(claim.row, settings)
    try:
        mailer.deliver(message)
    except MailRefused as refusal:
        raise GiveUp(refusal) from refusal
    with claim.finishing() as session:
        forget_secret(session, claim.row)
