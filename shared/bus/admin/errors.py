"""Why an operator's door does not open."""

from shared.problems import Conflict, Invalid, NotFound


class DeadLetterNotFound(NotFound):
    """There is no such dead letter here: it was put back and handled, or dropped, or never was one."""


class DeadLetterWaits(Conflict):
    """The event is not parked: it waits, and is tried again by itself."""


class EventNotFound(NotFound):
    """The outbox keeps no such event: another service announced it, or its window has passed."""


class ReplayImpossible(Invalid):
    """Nothing in this service would handle these events."""


class ReplayNotFound(NotFound):
    """There is no such replay here."""


class ConsumerNotFound(NotFound):
    """No consumer of that name reports to this service: it never did, or is retired already."""
