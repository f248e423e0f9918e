"""A place in a source's events, moved by compare-and-set in the transaction of the handlers' effects."""

from typing import Protocol

from sqlalchemy.orm import Session

from shared.bus.consuming.handlers import Handler
from shared.bus.transport import Entry
from shared.events import Envelope


class PositionMoved(Exception):
    """Another process has moved the number meanwhile: this transaction must not commit."""


class Place(Protocol):
    """How far a partition has been handled: a service's position, or a replay's cursor."""

    number: int
    attempts: int

    @property
    def key(self) -> tuple[str, int]:
        """By what its first event after a takeover is known."""

    def move(self, session: Session, number: int, handled: int) -> None:
        """Moves the number on, past so many events that somebody handles. Raises PositionMoved."""

    def count_attempt(self, session: Session) -> None:
        """Counts a start on the event after the place. Raises PositionMoved."""

    def is_for(self, handler: Handler) -> bool:
        """Whether a handler is to have what comes here."""

    def read(self, entry: Entry) -> Envelope:
        """The envelope that handlers see."""
