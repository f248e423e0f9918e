"""What a piece of work belongs to: its W3C trace, the request, who acts and what caused it."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from shared.ids import new_id

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class Trace:
    """One step of a trace; `causation` is the event or request behind it, `actor` the user or service who caused it."""

    trace_id: str
    span_id: str
    request_id: str
    parent_id: str | None = None
    actor: str | None = None
    causation: str | None = None

    @property
    def traceparent(self) -> str:
        """This step as a W3C traceparent, for whatever it calls or announces."""
        return f"00-{self.trace_id}-{self.span_id}-01"


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def start(
    traceparent: str | None = None,
    *,
    request_id: str | None = None,
    actor: str | None = None,
    causation: str | None = None,
) -> Trace:
    """A new step: of the trace that `traceparent` names, of a new trace when there is none or it is malformed."""
    known = parse(traceparent)
    trace_id, parent_id = known or (secrets.token_hex(16), None)
    return Trace(trace_id, secrets.token_hex(8), request_id or new_id(), parent_id, actor, causation)


def parse(traceparent: str | None) -> tuple[str, str] | None:
    """Trace id and parent's span id; None when the text is no W3C traceparent."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    return (found[1], found[2]) if found else None


def active() -> Trace | None:
    """The step that is under way, None outside of any."""
    return _current.get()


def current() -> Trace:
    """The step that is under way; outside of any, a new one each time."""
    return _current.get() or start()


def traceparent() -> str:
    """The W3C traceparent to hand on."""
    return current().traceparent


def enter(trace: Trace | None) -> Trace | None:
    """Makes `trace` the step under way and gives back the one before; `begin` is the way where a block fits."""
    before = _current.get()
    _current.set(trace)
    return before


@contextmanager
def begin(
    traceparent: str | None = None,
    *,
    request_id: str | None = None,
    actor: str | None = None,
    causation: str | None = None,
) -> Iterator[Trace]:
    """The block is one step of the trace that `traceparent` names, or of a new one."""
    trace = start(traceparent, request_id=request_id, actor=actor, causation=causation)
    before = enter(trace)
    try:
        yield trace
    finally:
        enter(before)


def act_as(actor: str) -> None:
    """From here on the step under way is `actor`'s doing."""
    trace = _current.get()
    if trace is not None:
        _current.set(replace(trace, actor=actor))
