"""The reader: brings every source's events to this instance once and in order, from the broker or from the feeds."""

from collections.abc import Iterable
from typing import Protocol

import gevent
from gevent.event import Event as Flag
from gevent.lock import RLock

from services.realtime.live.tracks import Track
from shared import progress
from shared.bus.consuming.watch import SourceWatch
from shared.bus.feed import FeedClient, FeedDown
from shared.bus.transport import Entry, Reader, Transport, TransportDown
from shared.logs import get

BATCH = 500
LOOK_SECONDS = 0.25
YIELD_AFTER = 200
"""So many messages to sockets in a row, then others run."""

log = get("realtime")


class Listener(Protocol):
    """What the events are brought to."""

    def prepare(self, source: str) -> None:
        """Before a source's events begin; while it raises FeedDown they do not."""

    def begun(self, source: str) -> None:
        """The source's events begin, or begin anew after some were missed for good."""

    def take(self, entry: Entry) -> int:
        """One event, in its turn; how many messages that made. Never waits."""


class Stream:
    """Keeps a track of each source. Those in `anew` begin again at the present when events were missed for good."""

    def __init__(
        self, sources: Iterable[str], transport: Transport, feed: FeedClient, partitions: int, anew: frozenset[str]
    ):
        self.tracks = {source: Track(source) for source in sources}
        self._transport, self._feed, self._partitions, self._anew = transport, feed, partitions, anew
        self._watch = {source: SourceWatch() for source in self.tracks}
        self._wake = {source: Flag() for source in self.tracks}
        self._turn = RLock()  # the broker's reader and the feeds' askers pass events on one at a time
        self._reader: Reader | None = None
        self._made = 0

    def start(self, listener: Listener) -> list[gevent.Greenlet]:
        """Reads in the background for as long as the process, or what it gives back, lives."""
        self._listener = listener
        readers = [gevent.spawn(self._for_ever, self._read_broker)]
        return readers + [gevent.spawn(self._for_ever, self._attend, source) for source in self.tracks]

    def missing(self) -> list[str]:
        """The sources whose events have not begun."""
        return [source for source, track in self.tracks.items() if not track.is_begun]

    def _for_ever(self, step, *arguments) -> None:
        while True:
            try:
                step(*arguments)
            except Exception:
                log.exception("a step of the stream failed")
                gevent.sleep(1)

    def _read_broker(self) -> None:
        progress.moved("the broker's reader")
        try:
            if self._reader is None:
                self._reader = self._transport.reader(range(self._partitions), list(self.tracks))
            entries = self._reader.read(wait_seconds=1.0, count=BATCH)
            last = self._reader.last()
        except TransportDown as down:
            self._endure_silence(down)
            return
        for source, numbers in last.items():
            self._watch[source].tell(numbers)
        for source in {entry.source for entry in entries} & set(self.tracks):
            self._pass_on(source, [entry for entry in entries if entry.source == source])

    def _endure_silence(self, down: TransportDown) -> None:
        if self._reader is not None:
            log.warning("the broker is silent, the feeds are read", error=str(down))
            self._reader.close()
        self._reader = None
        for watch in self._watch.values():
            watch.silence()
        gevent.sleep(0.5)

    def _attend(self, source: str) -> None:
        """Asks a source's feed whenever that is due; at once when something is found missing."""
        track = self.tracks[source]
        if not track.is_begun:
            self._begin(source)
        elif self._watch[source].is_due(track.known):
            self._ask(source)
        self._wake[source].wait(LOOK_SECONDS)
        self._wake[source].clear()

    def _begin(self, source: str) -> None:
        track = self.tracks[source]
        try:
            answer = self._feed.ask(source, consumer=None, incarnation=None, numbers={}, limit=1)
            self._listener.prepare(source)
        except FeedDown as down:
            log.warning("a source is waited for", error=str(down))
            gevent.sleep(0.5)
            return
        with self._turn:
            track.begin(answer)
            self._listener.begun(source)
        self._watch[source].doubt()
        log.info("a source's events have begun", source=source)

    def _ask(self, source: str) -> None:
        track, watch = self.tracks[source], self._watch[source]
        try:
            answer = self._feed.ask(source, consumer=None, incarnation=track.incarnation, numbers=dict(track.numbers))
        except FeedDown as down:
            watch.asked(is_answered=False, is_more=False)
            log.warning("a feed is silent", error=str(down))
            return
        watch.asked(is_answered=True, is_more=bool(answer.entries))
        with self._turn:
            if track.is_moved_by(answer):
                log.warning("a source goes on elsewhere", source=source, incarnation=answer.incarnation)
                if track.adopt(answer) and source in self._anew:
                    track.forget()
                    return
            self._pass_on(source, answer.entries)

    def _pass_on(self, source: str, entries: list[Entry]) -> None:
        track = self.tracks[source]
        with self._turn:
            for entry in track.following(entries):
                self._made += self._listener.take(entry)
                if self._made > YIELD_AFTER:
                    self._made = 0
                    gevent.sleep(0)
            if track.is_begun and track.is_ahead(entries):
                self._watch[source].doubt()
                self._wake[source].set()
