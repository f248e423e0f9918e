"""The source's side: the relay, the feed's answers, keeping."""

from collections.abc import Iterator

from shared.bus.decisions import answers, numbers, replaying, retention, tenure
from shared.bus.feed import FeedAnswer
from shared.bus.tests.model.broker import BrokerOff
from shared.bus.tests.model.store import ALL, Row, Store
from shared.bus.transport import Entry, LastNumbers

RELAY = "relay"
LEASE_SECONDS = 3.0
WINDOW_SECONDS = 10.0
MOST_ROWS = 40


def hold(store: Store, name: str, me: str, now: float) -> int | None:
    """Takes or renews a lease in a transaction of its own; its generation when it is held now."""
    holder, generation, until = store.leases.get(name, (me, 1, now))
    if tenure.may_take(holder=holder, until=until, me=me, now=now):
        holder, generation = me, generation + 1
    if holder != me:
        return None
    store.leases[name] = me, generation, now + LEASE_SECONDS
    return generation


def revoke(store: Store, name: str, now: float) -> None:
    """Takes a lease from its holder."""
    if name in store.leases:
        store.leases[name] = "", store.leases[name][1], now - 1


class Relay:
    """One relay process of a service; what it keeps in memory dies with it."""

    def __init__(self, world, service, me: str):
        self.world, self.service, self.me = world, service, me
        self.generation: int | None = None
        self.incarnation = ""
        self.last: dict[int, int] = {}
        self.sent: list[int] = []
        self.renew_at = 0.0

    def run(self) -> Iterator[None]:
        while True:
            yield
            if self.world.now >= self.renew_at or self.generation is None:
                yield from self._lead()
            if self.generation is None:
                continue
            yield from self._number()
            if self.generation is not None and self.world.random.random() < 0.1:
                prune(self.world, self.service)
                yield

    def _lead(self) -> Iterator[None]:
        generation = hold(self.service.store, RELAY, self.me, self.world.now)
        self.renew_at = self.world.now + LEASE_SECONDS / 3
        yield
        if generation is not None and generation != self.generation:
            self._take_over(self.service.store, generation)
            yield
        self.generation = generation

    def _take_over(self, store: Store, generation: int) -> None:
        """One transaction: every relay that takes over begins an incarnation."""
        if not self._is_mine(store, generation):
            return
        if not store.assigned:
            store.assigned = dict.fromkeys(range(store.partitions), 0)
        base = store.assigned
        if self.incarnation and self.incarnation == store.incarnation and store.is_contradicted():
            base = numbers.doubtful(store.began(self.incarnation), self.last, store.assigned)
            self.world.note_doubtful(self.service, base)
        if "an incarnation each" not in self.world.left_out or store.incarnation is None:
            store.begin_incarnation(self.world.new_name(), base)
        self.incarnation, self.last, self.sent = store.incarnation, dict(store.assigned), []

    def _number(self) -> Iterator[None]:
        """One transaction: its snapshot, then what it writes if the lease is still this process's own."""
        store, count = self.service.store, self.world.random.randint(1, 5)
        waiting = [(row.seq, row.partition) for row in store.outbox.values() if row.number is None]
        given, assigned = numbers.give(waiting, store.assigned, count)
        yield
        if store is not self.service.store:
            return  # the connection broke
        is_same = numbers.is_same_log(self.last, len(given), assigned, own=self.incarnation, current=store.incarnation)
        if not self._is_mine(store, self.generation) or not is_same:
            self.generation, self.sent = None, []
            return
        for seq in self.sent:
            if seq in store.outbox:
                store.outbox[seq].is_sent = True
        for seq, number in given.items():
            store.outbox[seq].number = number
        store.assigned, self.last, self.sent = dict(assigned), assigned, []
        unsent = [(r.partition, r.number, r.seq) for r in store.outbox.values() if r.number and not r.is_sent]
        rows = [store.outbox[seq] for seq in numbers.to_send(unsent, count)]
        yield from self._tell(rows)

    def _tell(self, rows: list[Row]) -> Iterator[None]:
        entries = [entry_of(row, self.service.name, self.incarnation) for row in rows]
        yield
        try:
            self.world.broker.append(entries)
            self.sent = [row.seq for row in rows]
            yield
            told = LastNumbers(self.incarnation, dict(self.last), str(self.world.now))
            self.world.broker.tell_last(self.service.name, told)
        except BrokerOff:
            yield

    def _is_mine(self, store: Store, generation: int | None) -> bool:
        return tenure.is_mine(store.leases.get(RELAY, ("", 0, 0))[:2], (self.me, generation or 0))


def entry_of(row: Row, source: str, incarnation: str) -> Entry:
    """A row as it travels; the envelope is the event itself."""
    return Entry(source, incarnation, row.partition, row.number, "", row.event)


class Feed:
    """A source's answers, each read by several statements between which others may commit."""

    def __init__(self, world, service):
        self.world, self.service = world, service

    def ask(self, consumer: str, incarnation: str | None, own: dict[int, int]) -> Iterator[None]:
        """What the asker has missed, which takes the question as a report; None while there is nobody to answer."""
        store = self._store()
        if store is None:
            return None
        is_first, last = "numbers first" not in self.world.left_out, dict(store.assigned)
        if is_first:
            yield
        current = store.incarnation
        yield
        history = list(store.history)
        bases = {} if incarnation == current else answers.bases_since(history, incarnation)
        yield
        start = answers.start(own, bases, last, store.oldest())
        yield
        to = last if is_first else {}
        rows = {p: self._rows(store, p, number, to.get(p, ALL)) for p, number in start.items()}
        yield
        answer = FeedAnswer(
            current,
            start,
            last,
            [entry_of(row, self.service.name, current) for found in rows.values() for row in found],
            is_known=not incarnation or bases is not None,
            gone=answers.gone(own, answers.counting(own, bases, last), start) if bases is not None else {},
            lineage=lineage(history, incarnation, current),
        )
        if answer.is_known and store is self.service.store:
            self._take_report(store, consumer, answer, own if current == incarnation else {})
            self.world.note_report(self.service, consumer, own)
        return answer

    def ask_range(self, replay, incarnation: str, own: dict[int, int]) -> Iterator[None]:
        """What of a replay's range lies after its numbers; reports nothing."""
        store = self._store()
        if store is None:
            return None
        last = {p: n for p, n in store.assigned.items() if p in own}
        yield
        current = store.incarnation
        bases = {} if incarnation == current else answers.bases_since(store.history, incarnation)
        yield
        start, entries, reached = answers.start(own, bases, last, store.oldest()), [], {}
        limit = self.world.random.randint(1, 6)
        for partition, number in start.items():
            to = replaying.look(number, last[partition])
            rows = store.rows(partition, number, to, replay.since, replay.until)[:limit]
            entries += [entry_of(row, self.service.name, current) for row in rows]
            reached[partition] = replaying.reached(number, last[partition], [row.number for row in rows], limit)
        yield
        return FeedAnswer(current, start, last, entries, reached, is_known=bases is not None)

    def _store(self) -> Store | None:
        store = self.service.store
        return None if self.service.is_off or store.incarnation is None else store

    def _rows(self, store: Store, partition: int, after: int, to: int) -> list[Row]:
        return store.rows(partition, after, to)[: self.world.random.randint(1, 6)]

    def _take_report(self, store: Store, consumer: str, answer: FeedAnswer, own: dict[int, int]) -> None:
        for partition, number in answers.reported(answer.start, own).items():
            store.reports[consumer, partition] = answer.incarnation, number
        if numbers.was_restored(store.assigned, own.items()):
            revoke(store, RELAY, self.world.now)


def lineage(history, asked: str | None, current: str) -> list[tuple[str, dict[int, int]]]:
    """The incarnations that began after the one asked with; all where that one is unknown."""
    ordinal = next((ordinal for ordinal, name, _, _ in history if name == asked), 0)
    steps: dict[str, dict[int, int]] = {}
    for later, name, partition, base in history if asked != current else ():
        if later > ordinal:
            steps.setdefault(name, {})[partition] = base
    return list(steps.items())


def prune(world, service) -> None:
    """Deletes what nobody needs any more, in a transaction of its own; a row counts as one byte."""
    store: Store = service.store
    reports = [(partition, *report) for (_, partition), report in store.reports.items()]
    passed = retention.passed(reports, {incarnation: store.bases_since(incarnation) for _, incarnation, _ in reports})
    kept = {partition: store.rows(partition, 0) for partition in store.assigned}
    total, gone = sum(map(len, kept.values())), []
    for partition, rows in kept.items():
        told = [(row.number, row.is_sent, row.at, 1) for row in rows]
        share = max(0, total - MOST_ROWS) * len(rows) // max(1, total)
        before = world.now - WINDOW_SECONDS
        last, _ = retention.going(told, before=before, passed=passed.get(partition), excess=share)
        gone += [row for row in rows if last is not None and row.number <= last]
    for row in gone:
        del store.outbox[row.seq]
    world.note_gone(service, [row.event for row in gone], is_capped=total > MOST_ROWS)
