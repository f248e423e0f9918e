"""What of an event's data may be shown to an operator: everything but secrets, sealed ones included."""

from typing import Any

from shared.events import CATALOGUE, Envelope
from shared.events.base import SEALED
from shared.logs import without_secrets

REDACTED = "[redacted]"


def shown_data(envelope: Envelope) -> dict[str, Any]:
    """The event's data without its sealed fields, and without whatever is named like a secret, declared or not."""
    declared = CATALOGUE.get(envelope.type)
    sealed = {name for name, field in declared.model_fields.items() if SEALED in field.metadata} if declared else set()
    return without_secrets({name: REDACTED if name in sealed else value for name, value in envelope.data.items()})
