"""Events that a handler could not take: who queues behind whom, who is tried when, who is parked."""

from collections.abc import Container, Iterable
from datetime import datetime

MAX_ATTEMPTS = 8
MAX_STARTS = 5
"""So many times an event may take the process down with it before it is parked."""
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 60.0


def must_queue(handler: str, key: str, queues: Container[tuple[str, str]]) -> bool:
    """Whether an event must wait behind earlier ones of its handler and key, which `queues` names."""
    return (handler, key) in queues


def due(waiting: Iterable[tuple[int, str, str, datetime]], now: datetime) -> list[int]:
    """Which of the waiting rows, (id, handler, key, run_at), are tried: the eldest of each handler and key, if due."""
    eldest: dict[tuple[str, str], tuple[int, datetime]] = {}
    for id_, handler, key, run_at in sorted(waiting):
        eldest.setdefault((handler, key), (id_, run_at))
    return sorted(id_ for id_, run_at in eldest.values() if run_at <= now)


def may_try(attempts: int) -> bool:
    """Whether an event that was tried so often is tried again; else it is parked."""
    return attempts < MAX_ATTEMPTS


def may_run(stored: tuple[int, object] | None, counted: tuple[int, object]) -> bool:
    """Compare-and-set: whether a waiting row, (attempts, event), is as this process left it when it counted.

    Else another has tried it since, perhaps parked it, or the database was put back and the row is another one.
    """
    return stored == counted


def may_start(starts: int) -> bool:
    """Whether an event is handled at its so-manieth start after a takeover; else it is parked."""
    return starts <= MAX_STARTS


def pause_seconds(attempts: int) -> float:
    """The pause after so many attempts: doubled each time up to a minute."""
    return min(FIRST_PAUSE_SECONDS * 2**attempts, LONGEST_PAUSE_SECONDS)
