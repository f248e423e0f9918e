"""Clients at a steady pace, each in a thread: what they asked and how it was answered, failures by time and phase."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from bench.figures import percentile
from demo.people import Person
from demo.watching import Watching

PATIENCE_SECONDS = 40
Make = Callable[[int], tuple[str, str, dict]]
"""The next request by its number: its method, path and the rest."""


@dataclass(eq=False)
class Client(threading.Thread):
    """Sends one request after the other, `per_second` at most; whatever is not the `expected` status is a failure."""

    what: str
    url: str
    token: str
    per_second: float
    expected: int
    make: Make
    statuses: Counter = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._is_over = threading.Event()

    def run(self) -> None:
        began = time.monotonic()
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {self.token}"
            for number in itertools.count():
                if self._is_over.wait(max(0.0, began + number / self.per_second - time.monotonic())):
                    return
                self._ask(session, number)

    def _ask(self, session: requests.Session, number: int) -> None:
        method, path, more = self.make(number)
        at, sent = time.strftime("%H:%M:%S"), time.perf_counter()
        try:
            answer = session.request(method, self.url + path, timeout=PATIENCE_SECONDS, **more)
            status, said = str(answer.status_code), answer.text[:200]
        except requests.RequestException as error:
            status, said = type(error).__name__, str(error)[:200]
        self.times.append(time.perf_counter() - sent)
        self.statuses[status] += 1
        if status != str(self.expected):
            self.failures.append(f"{at} {self.what}: {status} {said}")

    def stop(self) -> None:
        """Sends no more; returns when the last request is answered."""
        self._is_over.set()
        self.join(PATIENCE_SECONDS)

    def row(self) -> list[object]:
        """Its line of the table."""
        slowest = f"{percentile(sorted(self.times), 1):.1f}" if self.times else "-"
        others = {status: count for status, count in self.statuses.items() if status != str(self.expected)}
        return [self.what, self.statuses.total(), len(self.failures), others or "", slowest]


@dataclass(eq=False)
class Follower(threading.Thread):
    """A subscriber who comes back on a new socket whenever the old one has gone, from where it was."""

    person: Person
    collection: str
    transport: str
    told: list[int] = field(default_factory=list)
    returns: int = 0
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._is_over = threading.Event()
        self.watching = Watching(self.person.connects(transport=self.transport), self.collection)

    def run(self) -> None:
        while not self._is_over.wait(0.05):
            if not self.watching.live.is_connected:
                self._come_back()

    def _come_back(self) -> None:
        try:
            again = self.watching.resumed_on(self.person.connects(transport=self.transport))
        except Exception as error:  # whatever it was, it counts, and the next try follows
            self.failures.append(f"{time.strftime('%H:%M:%S')} {self.transport}: {type(error).__name__} {error}"[:300])
            return
        if not again.is_recovered:
            self.failures.append(f"{time.strftime('%H:%M:%S')} {self.transport}: not recovered")
        self.told += marks(self.watching)
        self.watching, self.returns = again, self.returns + 1

    def stop(self) -> None:
        self._is_over.set()
        self.join(PATIENCE_SECONDS)

    def all_told(self) -> list[int]:
        """The marks of all changes, in the order in which they came."""
        return self.told + marks(self.watching)


def marks(watching: Watching) -> list[int]:
    """The number that each change's record carries."""
    return [one.data["record"]["mark"] for one in watching.changes]
