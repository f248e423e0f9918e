"""Handlers: which functions of a service react to which events."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from shared import trace
from shared.events import CATALOGUE, Envelope, Event
from shared.logs import get

React = Callable[[Session, Event, Envelope], None]

log = get("bus")


@dataclass(frozen=True, slots=True)
class Handler:
    """One reaction; its name is stable, since waiting events are kept under it."""

    name: str
    react: React
    event: type[Event]

    def run(self, session: Session, envelope: Envelope) -> None:
        """Reacts within the session's transaction, in the event's trace; raises what the reaction raises."""
        event = self.event.model_validate(envelope.data, extra="ignore")
        with trace.begin(envelope.traceparent, actor=envelope.actor, causation=envelope.id):
            self.react(session, event, envelope)
            session.flush()
            log.info("event handled", handler=self.name, event_type=envelope.type, event_id=envelope.id)


class Handlers:
    """A service's reactions. They touch nothing but their session; slow work becomes a command."""

    def __init__(self, service: str):
        self.service = service
        self._by_type: dict[str, list[Handler]] = {}

    def on(self, event: type[Event]) -> Callable[[React], React]:
        """Registers a function `(session, event, envelope)` for an event of the catalogue."""

        def register(react: React) -> React:
            if any(handler.name == react.__name__ for handler in self.all()):
                raise ValueError(f"{self.service} has a handler named {react.__name__} already.")
            self._by_type.setdefault(event.type, []).append(Handler(react.__name__, react, event))
            return react

        return register

    def all(self) -> list[Handler]:
        """Every handler."""
        return [handler for handlers in self._by_type.values() for handler in handlers]

    def of(self, type_: str) -> list[Handler]:
        """The handlers of a type, [] when this service does not care."""
        return self._by_type.get(type_, [])

    def named(self, name: str) -> Handler | None:
        """The handler of that name; None when it was removed since."""
        return next((handler for handler in self.all() if handler.name == name), None)

    @property
    def sources(self) -> set[str]:
        """The services whose events are handled here."""
        return {CATALOGUE[type_].source for type_ in self._by_type}
