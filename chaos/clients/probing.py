"""The probe: a small write again and again, timed until a subscriber sees it, by which recovery is measured."""

import bisect
import time
from dataclasses import dataclass

from chaos.book import Book
from chaos.clients.calling import Caller
from chaos.clients.clocked import Clocked
from chaos.clients.subscribers import Subscriber
from chaos.clients.writers import create

EVERY_SECONDS = 0.25
TIMEOUT = (1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Round:
    """A probe that went all the way: when it was begun, and when it was seen."""

    begun: float
    seen: float


class Probe(Clocked):
    """Writes an open record each time; waits for no answer longer than a user would."""

    def __init__(self, caller: Caller):
        super().__init__(caller, EVERY_SECONDS)
        caller.timeout = TIMEOUT

    def act(self) -> None:
        create(self.caller, is_open=True, is_patient=False)


def rounds(book: Book, name: str, watcher: Subscriber) -> list[Round]:
    """Every probe that was answered and seen, in the order of beginning."""
    seen = {one.note: one.at for one in watcher.sightings() if one.kind == "created"}
    begun = {call.id: call.opened for call in book.calls if call.client == name and call.is_answered}
    in_order = sorted(begun.items(), key=lambda item: item[1])
    return [Round(at, seen[call_id]) for call_id, at in in_order if call_id in seen]


def recovery_after(moment: float, found: list[Round]) -> float | None:
    """Seconds from `moment` until a probe begun after it was seen; None when there was none."""
    later = found[bisect.bisect_left([one.begun for one in found], moment) :]
    return max(0.0, min(one.seen for one in later) - moment) if later else None


def wait_for_a_round(book: Book, name: str, watcher: Subscriber, moment: float, within: float) -> bool:
    """Whether a probe begun after `moment` goes all the way in time."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if recovery_after(moment, rounds(book, name, watcher)) is not None:
            return True
        time.sleep(0.1)
    return False
