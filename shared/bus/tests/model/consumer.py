"""The consumer's side: one process that reads, handles, retries, asks and replays, as `shared.bus.consuming` does."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from shared.bus.consuming.watch import SourceWatch
from shared.bus.decisions import following
from shared.bus.feed import FeedAnswer
from shared.bus.tests.model import lineages, source
from shared.bus.tests.model.broker import BrokerOff
from shared.bus.tests.model.handling import Handling, Moved
from shared.bus.tests.model.replays import Replays
from shared.bus.tests.model.store import Position
from shared.bus.transport import Entry


class Consumer:
    """One consumer process of a service; what it keeps in memory dies with it."""

    def __init__(self, world, service, me: str):
        self.world, self.service, self.me = world, service, me
        self.held: set[int] = set()
        self.renew_at = 0.0
        self.places: dict[int, int] | None = None
        self.positions: dict[tuple[str, int], Position] = {}
        self.watch = {name: SourceWatch(clock=lambda: world.now) for name in service.sources}
        self.handling = Handling(world, service)
        self.replays = Replays(world, service, self.handling)

    def run(self) -> Iterator[None]:
        while True:
            yield
            if self.world.now >= self.renew_at:
                self._hold()
                yield
            if not self.held:
                continue
            entries = self._read()
            yield
            yield from self._take(entries)
            yield from self.handling.retry(self.held)
            for name in self.service.sources:
                if self._must_ask(name):
                    yield from self._ask(name)
            yield from self.replays.step(self.held, self.positions)

    def _hold(self) -> None:
        store = self.service.store
        names = {f"partition:{partition}": partition for partition in range(store.partitions)}
        held = {p for name, p in names.items() if source.hold(store, name, self.me, self.world.now) is not None}
        self.renew_at = self.world.now + source.LEASE_SECONDS / 3
        if held != self.held:
            self.held, self.places = held, None
            self._reload()
            self.handling.careful |= {(name, partition) for name in self.service.sources for partition in held}
            self.replays.begin()
            for watch in self.watch.values():
                watch.doubt()

    def _reload(self) -> None:
        self.positions = {key: replace(position) for key, position in self.service.store.positions.items()}

    def _read(self) -> list[Entry]:
        broker = self.world.broker
        try:
            if self.places is None:
                self.places = {partition: broker.end(partition) for partition in self.held}
            found: list[Entry] = []
            for partition, place in self.places.items():
                rows = broker.read(partition, place, self.world.random.randint(1, 4))
                self.places[partition] = rows[-1][0] if rows else place
                found += [entry for _, entry in rows]
            for name, last in broker.last().items():
                if name in self.watch:
                    self.watch[name].tell(last)
        except BrokerOff:
            self.places = None
            for watch in self.watch.values():
                watch.silence()
            return []
        return found

    def _take(self, entries: list[Entry]) -> Iterator[None]:
        wanted = [e for e in entries if e.source in self.watch and e.partition in self.held]
        wanted.sort(key=lambda e: (e.source, e.partition, e.number))
        for key, run in groupby(wanted, key=lambda e: (e.source, e.partition)):
            position = self.positions.get(key)
            next_ones, is_gap = following.follow(position, run)
            if is_gap:
                self.watch[key[0]].doubt()
            yield
            try:
                if position:
                    yield from self.handling.handle(position, next_ones)
            except Moved:
                self._reload()

    def _must_ask(self, name: str) -> bool:
        known = {p: self.positions.get((name, p)) for p in self.held}
        return self.watch[name].is_due({p: (at.incarnation, at.number) for p, at in known.items() if at})

    def _ask(self, name: str) -> Iterator[None]:
        known = {p: at for (s, p), at in self.positions.items() if s == name}
        incarnation, numbers = following.newest(known)
        yield
        feed = source.Feed(self.world, self.world.services[name])
        answer = yield from feed.ask(self.service.name, incarnation, numbers)
        yield
        if answer is None:
            self.watch[name].asked(is_answered=False, is_more=False)
            return
        if not answer.is_known:
            lineages.step_back(self.service.store, name, list(known.values()))
            self._reload()
            self.watch[name].asked(is_answered=True, is_more=True)
            return
        if any(following.must_adopt(known.get(p), answer.incarnation, number) for p, number in answer.start.items()):
            self._adopt(name, known, answer)
            yield
        yield from self._take(answer.entries)
        self.watch[name].asked(is_answered=True, is_more=bool(answer.entries))

    def _adopt(self, name: str, known: dict[int, Position], answer: FeedAnswer) -> None:
        """One transaction for all partitions: all of them move, or none does."""
        store, moved = self.service.store, []
        asked, _ = following.newest(known)
        for partition, start in answer.start.items():
            position, number = known.get(partition), start
            if position is None:
                is_from_now = self.service.is_from_now
                number = following.first_number(start=start, last=answer.last[partition], is_from_now=is_from_now)
                is_free = (name, partition) not in store.positions
            else:
                is_free = position.is_free(store)
            if following.must_adopt(position, answer.incarnation, start):
                if not is_free:
                    self._reload()
                    return
                moved.append((position, Position(name, partition, answer.incarnation, number)))
        for before, position in moved:
            position.put(store)
            if before is None:
                self.world.note_start(self.service, name, position.partition, position.number)
        if answer.incarnation != asked:
            lineages.go_on(store, name, asked, answer.lineage)
        self._reload()
