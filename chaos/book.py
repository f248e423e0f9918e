"""The book of a run: every call of every client, written down before it is made and when its outcome is known."""

import json
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ANSWERED, REFUSED, UNKNOWN = "answered", "refused", "unknown"
CREATE, UPDATE, DELETE, UPLOAD, REGISTER, JOB = "create", "update", "delete", "upload", "register", "job"


@dataclass
class Call:
    """One call: what was wanted, and how it ended. It is unknown until an answer says otherwise."""

    id: str
    kind: str
    client: str
    wanted: dict[str, Any]
    opened: float
    closed: float = 0.0
    outcome: str = UNKNOWN
    status: int = 0
    code: str = ""
    tries: int = 0
    internal_errors: int = 0
    """How many of its tries were answered with 500: nobody had foreseen what happened there."""
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def is_answered(self) -> bool:
        return self.outcome == ANSWERED

    @property
    def is_refused(self) -> bool:
        return self.outcome == REFUSED


class Book:
    """Keeps calls in memory and, line by line, in a file. Safe between threads."""

    def __init__(self, file: Path):
        self._lock, self._calls = threading.Lock(), []
        self._file = file.open("a", encoding="utf-8")

    def open(self, call_id: str, kind: str, client: str, **wanted: Any) -> Call:
        """Notes a call that is about to be made."""
        call = Call(call_id, kind, client, wanted, time.time())
        with self._lock:
            self._calls.append(call)
        self._write({"id": call_id, "kind": kind, "client": client, "opened": call.opened, "wanted": wanted})
        return call

    def close(self, call: Call, outcome: str, *, status: int = 0, code: str = "", answer: dict | None = None) -> Call:
        """Notes how a call has ended."""
        call.outcome, call.status, call.code, call.answer = outcome, status, code, answer or {}
        call.closed = time.time()
        self._write({name: value for name, value in asdict(call).items() if name != "wanted"})
        return call

    @property
    def calls(self) -> list[Call]:
        """Every call so far, in the order of their beginnings."""
        with self._lock:
            return list(self._calls)

    def by_outcome(self) -> dict[str, Counter]:
        """How many calls of each kind ended how; `retried` counts those that needed more than one try."""
        found: dict[str, Counter] = {}
        for call in self.calls:
            counts = found.setdefault(call.kind, Counter())
            counts[call.outcome] += 1
            counts["retried"] += call.tries > 1
        return found

    def unknown_after(self) -> Counter:
        """How often each last answer, or none, left a call unknown."""
        unknown = [call for call in self.calls if not call.is_answered and not call.is_refused]
        return Counter(f"{call.kind}: {call.status or 'no answer'}" for call in unknown)

    def end(self) -> None:
        """Closes the file."""
        with self._lock:
            self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock:
            if not self._file.closed:
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()
