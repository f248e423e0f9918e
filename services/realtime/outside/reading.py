"""Reading on from a cursor: out of memory where that reaches, else out of the sources' feeds; what is gone is said."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Any, Protocol

import gevent

from services.realtime.errors import LiveNotReady
from services.realtime.live.tracks import Track
from services.realtime.outside.cursors import Cursor, Place
from services.realtime.outside.filters import TypeFilter
from services.realtime.outside.shown import shown
from services.realtime.outside.tail import Tail
from shared.bus.feed import FeedAnswer, FeedDown
from shared.bus.transport import Entry
from shared.logs import get

PAGE = 200
"""Events that are looked at of one source in one step."""
FEED_SECONDS = 1.0
"""How long a source is left alone whose feed did not answer, or that this instance does not follow yet."""
GATHER_SECONDS = 0.02
"""So long news may gather before its readers look, so that a busy bus wakes them fifty times a second at most."""

log = get("realtime")


class Ask(Protocol):
    """Asks a source's feed for what follows these numbers. Raises FeedDown."""

    def __call__(
        self, source: str, *, consumer: None, incarnation: str | None, numbers: dict[int, int], limit: int
    ) -> FeedAnswer: ...


@dataclass(frozen=True, slots=True)
class Gap:
    """Events between a cursor and what follows are gone (`window_passed`), or numbers were given anew (`restored`)."""

    source: str
    reason: str


@dataclass(slots=True)
class Step:
    """What one look at the sources found, each event with the cursor behind it, and where reading goes on."""

    cursor: Cursor
    events: list[tuple[dict[str, Any], Cursor]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    is_more: bool = False
    """Whether to look again at once, rather than wait."""


class Reading:
    """Reads all sources for those outside; holds nothing for anybody, a reader's place is in its cursor."""

    def __init__(self, tracks: Mapping[str, Track], tail: Tail, ask: Ask):
        self._tracks, self._tail, self._ask = tracks, tail, ask
        self._silent_until: dict[str, float] = {}

    def now(self) -> Cursor:
        """The cursor behind all that has happened. Raises LiveNotReady while a source has not begun here."""
        if late := [source for source, track in self._tracks.items() if not track.is_begun]:
            raise LiveNotReady(f"Events have not begun: {', '.join(late)}.")
        return {source: Place(track.incarnation, dict(track.numbers)) for source, track in self._tracks.items()}

    def step(self, cursor: Cursor, wanted: TypeFilter, limit: int) -> Step:
        """Up to `limit` events behind the cursor that are wanted, in order within each key."""
        step, runs = Step(dict(cursor)), []
        for source in self._tracks:
            place = cursor.get(source, Place())
            try:
                runs += self._runs_of(source, place, step)
            except FeedDown:
                continue  # its events come later, from where the cursor stands
        for entry in _in_turn(runs):
            if len(step.events) == limit:
                step.is_more = True
                break
            place = step.cursor[entry.source]
            step.cursor = {**step.cursor, entry.source: place.moved(entry.incarnation, {entry.partition: entry.number})}
            if wanted.passes(entry.type):
                step.events.append((shown(entry), step.cursor))
        return step

    def wait(self, cursor: Cursor, seconds: float) -> None:
        """Returns when something has arrived behind the cursor, at the latest after so long; holds no thread."""
        arrival = self._tail.arrival
        standings = {self._standing(source, cursor.get(source)) for source in self._tracks}
        if "behind" in standings and not self._is_silent():
            return
        seconds = seconds if standings == {"at end"} else min(seconds, FEED_SECONDS)
        if arrival.wait(max(0.0, seconds)):
            gevent.sleep(GATHER_SECONDS)

    def _standing(self, source: str, place: Place | None) -> str:
        track = self._tracks[source]
        if place is None or track.incarnation is None or track.incarnation != place.incarnation:
            return "elsewhere"
        ahead = [number - place.numbers.get(partition, 0) for partition, number in track.numbers.items()]
        return "behind" if any(one > 0 for one in ahead) else "elsewhere" if any(ahead) else "at end"

    def _is_silent(self) -> bool:
        return any(until > time.monotonic() for until in self._silent_until.values())

    def _runs_of(self, source: str, place: Place, step: Step) -> list[list[Entry]]:
        """The entries of a source that follow, a list for each partition."""
        remembered = self._from_memory(source, place, step)
        return remembered if remembered is not None else self._from_feed(source, place, step)

    def _from_memory(self, source: str, place: Place, step: Step) -> list[list[Entry]] | None:
        track = self._tracks[source]
        if track.incarnation is None or track.incarnation != place.incarnation:
            return None
        runs = []
        for partition, newest in track.numbers.items():
            number = place.numbers.get(partition, 0)
            if number != newest:
                found = self._tail.after(source, track.incarnation, partition, number, PAGE)
                if found is None:
                    return None
                runs.append(found)
        step.is_more |= any(len(run) == PAGE for run in runs)
        return runs

    def _from_feed(self, source: str, place: Place, step: Step) -> list[list[Entry]]:
        answer = self._question(source, place)
        step.is_more |= bool(answer.entries)
        step.gaps += _gaps(source, place, answer)
        step.cursor[source] = Place(answer.incarnation, dict(answer.start))
        runs: dict[int, list[Entry]] = {}
        for entry in sorted(answer.entries, key=lambda one: (one.partition, one.number)):
            runs.setdefault(entry.partition, []).append(entry)
        return list(runs.values())

    def _question(self, source: str, place: Place) -> FeedAnswer:
        """Asks the feed; one that has just been silent is left alone, whoever wants to know."""
        if self._silent_until.get(source, 0.0) > time.monotonic():
            raise FeedDown(source)
        try:
            numbers = dict(place.numbers)
            return self._ask(source, consumer=None, incarnation=place.incarnation, numbers=numbers, limit=PAGE)
        except FeedDown as down:
            self._silent_until[source] = time.monotonic() + FEED_SECONDS
            log.warning("a feed is silent", error=str(down))
            raise


def _gaps(source: str, place: Place, answer: FeedAnswer) -> Iterator[Gap]:
    """Nothing is missing to one who begins at the window's beginning, nor to one whose numbers an incarnation that has
    begun since goes on from."""
    if place.incarnation is None:
        return
    starts = [(place.numbers.get(partition, 0), start) for partition, start in answer.start.items()]
    if not answer.is_known or any(start < asked for asked, start in starts):
        yield Gap(source, "restored")
    if any(start > asked for asked, start in starts):
        yield Gap(source, "window_passed")


def _in_turn(runs: Iterable[list[Entry]]) -> Iterator[Entry]:
    """One entry of each run after the other, so that no busy source holds up the others."""
    return (entry for entry in chain.from_iterable(zip_longest(*runs)) if entry is not None)
