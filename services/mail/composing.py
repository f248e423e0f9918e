"""Composing: a delivery row becomes the message that goes out, its sealed token opened only here."""

from urllib.parse import quote

from flask_mail import Message

from services.mail.models import Delivery
from services.mail.rendering import render
from services.mail.settings import MailSettings
from shared.sealing import unseal


def compose(delivery: Delivery, settings: MailSettings) -> Message:
    """The message of a delivery, the same in every attempt; needs an app's context."""
    rendered = render(delivery.template, delivery.language, _values(delivery, settings))
    message = Message(
        subject=rendered.subject,
        recipients=[delivery.recipient],
        body=rendered.text,
        html=rendered.html,
        date=delivery.created_at.timestamp(),
        extra_headers={"Traceparent": delivery.traceparent, "Auto-Submitted": "auto-generated"},
    )
    message.msgId = delivery.message_id
    return message


def _values(delivery: Delivery, settings: MailSettings) -> dict:
    values = {**delivery.context, "address": delivery.recipient, "public_url": settings.public_url}
    if delivery.sealed_token is not None:
        token = unseal(delivery.sealed_token, settings.event_seal_keys)
        values["link"] = settings.public_url + delivery.context["link_path"] + quote(token, safe="")
    return values
