"""Handlers: which functions of a service react to which events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from shared import logs, trace
from shared.events import Envelope, Event
from shared.events.base import OUTSIDE_CARRIER

log = logs.get("bus")


class HandlerGone(Exception):
    """An event is for a handler that this process does not have: of an earlier release, or of a later one."""


@dataclass(frozen=True, slots=True)
class Handler:
    """One reaction; its name is stable, since waiting events are kept under it."""

    name: str
    react: Callable[..., None]
    events: Mapping[str, type[Event] | None]
    """By the type: the class that the reaction is given, None where it takes the data as it is."""
    is_batch: bool = False

    def run(self, session: Session, envelope: Envelope, *, is_told: bool = False) -> None:
        """Reacts within the session's transaction, in the event's trace; raises what the reaction raises.

        Who handles many `is_told` to log it: all of them at once, by `tell`.
        """
        event = self._read(envelope)
        with envelope.step():
            if self.is_batch:
                self.react(session, [(event, envelope)])
            else:
                self.react(session, event, envelope)
            session.flush()
            if not is_told:
                log.info("event handled", handler=self.name, event_type=envelope.type, event_id=envelope.id)

    def run_batch(self, session: Session, envelopes: Sequence[Envelope]) -> None:
        """Reacts to several at once: in their trace where they have one in common, else in a trace of the batch's own,
        which the line of each event in its own trace names."""
        if len(envelopes) == 1:
            self.run(session, envelopes[0])
            return
        batch = [(self._read(envelope), envelope) for envelope in envelopes]
        with _step_of_all(envelopes) as step:
            self.react(session, batch)
            session.flush()
            log.info("batch handled", handler=self.name, events=len(batch))
        tell(((self, envelope) for envelope in envelopes), batch_trace_id=step.trace_id)

    def _read(self, envelope: Envelope) -> Any:
        cls = self.events[envelope.type]
        return cls.model_validate(envelope.data, extra="ignore") if cls else envelope.data


def tell(handled: Iterable[tuple[Handler, Envelope]], **more: str) -> None:
    """Logs what was handled, each event in its own trace."""
    known = ((handler, envelope, trace.parse(envelope.traceparent)) for handler, envelope in handled)
    logs.many("bus", "event handled", (
        {"handler": handler.name, "event_type": envelope.type, "event_id": envelope.id, **more}
        | ({"trace_id": parsed[0]} if parsed else {})
        for handler, envelope, parsed in known
    ))  # fmt: skip


def _step_of_all(envelopes: Sequence[Envelope]):
    traces = {trace.parse(envelope.traceparent) for envelope in envelopes}
    if len({known[0] if known else None for known in traces}) > 1:
        return trace.begin()
    return envelopes[-1].step()


class Handlers:
    """A service's reactions. They touch nothing but their session; slow work becomes a command.

    `start` says where a service begins that has never handled a source: at the `beginning` of what the source still
    has (its window), or `now`, with what comes next.
    """

    def __init__(self, service: str, *, start: Literal["beginning", "now"] = "beginning"):
        self.service, self.start = service, start
        self._by_type: dict[str, list[Handler]] = {}
        self.sources: set[str] = set()
        """The services whose outboxes carry what is handled here."""

    def on(self, *events: type[Event] | str, batch: bool = False) -> Callable[[Callable], Callable]:
        """Registers a function `(session, event, envelope)`; for a batch `(session, [(event, envelope), ...])`.

        A text is the type of an event from outside that has no class here: the function is given its data, a dict.
        A batch is what has come in one run, in order; when it raises, its events are handled again one by one.
        """

        def register(react: Callable) -> Callable:
            if any(handler.name == react.__name__ for handler in self.all()):
                raise ValueError(f"{self.service} has a handler named {react.__name__} already.")
            classes = {_type_of(event): None if isinstance(event, str) else event for event in events}
            handler = Handler(react.__name__, react, classes, batch)
            for type_, cls in classes.items():
                self._by_type.setdefault(type_, []).append(handler)
                self.sources.add((cls.carrier or cls.source) if cls else OUTSIDE_CARRIER)
            return react

        return register

    @property
    def types(self) -> list[str]:
        """The types of events that are handled here."""
        return list(self._by_type)

    def all(self) -> list[Handler]:
        """Every handler, once."""
        return list({one.name: one for handlers in self._by_type.values() for one in handlers}.values())

    def of(self, type_: str) -> list[Handler]:
        """The handlers of a type, [] when this service does not care."""
        return self._by_type.get(type_, [])

    def named(self, name: str) -> Handler:
        """The handler of that name; raises HandlerGone."""
        for handler in self.all():
            if handler.name == name:
                return handler
        raise HandlerGone(f"this release has no handler {name}")


def _type_of(event: type[Event] | str) -> str:
    return event if isinstance(event, str) else event.type
