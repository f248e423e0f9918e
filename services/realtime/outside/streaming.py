"""Server-sent events for one reader: pulled from its cursor at its own pace, so that a slow one costs no memory."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from services.realtime.errors import TooManyStreams
from services.realtime.outside.cursors import Cursor, written
from services.realtime.outside.filters import TypeFilter
from services.realtime.outside.reading import Reading
from shared import draining

HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 1800.0
"""After so long a stream ends, and its reader comes back with a new token and its last id."""
PAGE = 100
MAX_STREAMS = 20
"""Of one caller at one instance."""


class Streams:
    """Counts the streams that are open here; `may_go_on(caller)` tells whether the caller is still known."""

    def __init__(self, reading: Reading, may_go_on: Callable[[str], bool]):
        self._reading, self._may_go_on = reading, may_go_on
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(self._open.values())

    def open(self, caller: str, cursor: Cursor, wanted: TypeFilter) -> Iterator[bytes]:
        """The stream's lines. Raises TooManyStreams before the first."""
        if self._open[caller] >= MAX_STREAMS:
            raise TooManyStreams
        return self._lines(caller, cursor, wanted)

    def _lines(self, caller: str, cursor: Cursor, wanted: TypeFilter) -> Iterator[bytes]:
        with self._counted(caller):
            yield b"retry: 1000\n\n"
            until = time.monotonic() + LONGEST_SECONDS
            while time.monotonic() < until and self._may_go_on(caller) and not draining.has_begun():
                step = self._reading.step(cursor, wanted, PAGE)
                yield from _told(step)
                cursor = step.cursor
                if not step.is_more and not step.events:
                    beat = time.monotonic() + HEARTBEAT_SECONDS
                    yield from self._await_news(cursor, beat)

    def _await_news(self, cursor: Cursor, beat: float) -> Iterator[bytes]:
        self._reading.wait(cursor, beat - time.monotonic())
        if time.monotonic() >= beat:
            yield f"id: {written(cursor)}\n: still here\n\n".encode()

    @contextmanager
    def _counted(self, caller: str) -> Iterator[None]:
        self._open[caller] += 1
        try:
            yield
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]


def _told(step: Any) -> Iterator[bytes]:
    for gap in step.gaps:
        document = orjson.dumps({"source": gap.source, "reason": gap.reason}).decode()
        yield f"event: gap\ndata: {document}\n\n".encode()
    for event, behind in step.events:
        yield f"id: {written(behind)}\ndata: {orjson.dumps(event).decode()}\n\n".encode()
