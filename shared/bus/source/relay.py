"""The relay: numbers committed events and tells the broker, one process at a time per service."""

import time

from shared.bus.leases import Leases
from shared.bus.source import numbering
from shared.bus.transport import Entry, LastNumbers, Transport, TransportDown
from shared.database import Database
from shared.ids import new_id
from shared.logs import get

LEASE = "relay"
BATCH = 500
RETRY_SECONDS = 1.0

log = get("bus")


class Relay:
    """Call `step` again and again; it does one batch and says whether there was anything to do."""

    def __init__(self, service: str, database: Database, transport: Transport, leases: Leases, partitions: int):
        self.service, self.database, self.transport = service, database, transport
        self.leases, self.partitions = leases, partitions
        self._generation: int | None = None
        self._incarnation = ""
        self._sent: list[tuple[int, Entry]] = []
        self._last: dict[int, int] = {}
        self._renew_at = self._silent_until = 0.0
        self._told_at = float("-inf")

    def is_leading(self) -> bool:
        """Takes or keeps the relay's lease; a change of generation starts afresh."""
        if self._generation is not None and time.monotonic() < self._renew_at:
            return True
        generation = self.leases.hold([LEASE]).get(LEASE)
        self._renew_at = time.monotonic() + self.leases.seconds / 3
        if generation is not None and generation != self._generation:
            self._take_over(generation)
        self._generation = generation
        return generation is not None

    def step(self) -> int:
        """Notes what the last step sent, numbers a batch, sends the next; how many events it numbered or sent."""
        is_silent = time.monotonic() < self._silent_until
        if not self._sent and not self._has_rows(is_silent):
            self._tell([])
            return 0
        with self.database.transaction() as session:
            if not self.leases.check(session, LEASE, self._generation or 0):
                self._generation, self._sent = None, []
                return 0
            numbering.mark_sent(session, self._sent)
            given = numbering.give_numbers(session, BATCH)
            rows = [] if is_silent else numbering.unsent(session, self.service, self._incarnation, BATCH)
            self._last = numbering.assigned(session)
        self._sent = []
        self._tell(rows)
        return given + len(rows)

    def _has_rows(self, is_silent: bool) -> bool:
        with self.database.reading() as session:
            return numbering.has_unnumbered(session) or (not is_silent and numbering.has_unsent(session))

    def _tell(self, rows: list[tuple[int, Entry]]) -> None:
        """Sending twice does no harm, never sending neither: the feed has it."""
        now = time.monotonic()
        if now < self._silent_until:
            return
        try:
            if rows:
                self.transport.append([entry for _, entry in rows])
                self._sent = rows
            if rows or now - self._told_at >= 1.0:
                self.transport.tell_last(self.service, LastNumbers(self._incarnation, self._last, new_id()))
                self._told_at = now
        except TransportDown as down:
            self._silent_until = time.monotonic() + RETRY_SECONDS
            log.warning("the broker is silent", error=str(down))

    def _take_over(self, generation: int) -> None:
        told = self._told_numbers()
        with self.database.transaction() as session:
            if not self.leases.check(session, LEASE, generation):
                return
            numbering.prepare(session, self.partitions)
            incarnation = numbering.current_incarnation(session) or ""
            if numbering.was_restored(session, told.numbers if told and told.incarnation == incarnation else {}):
                incarnation = numbering.begin_incarnation(session)
                log.warning("the database is an older one: a new incarnation begins", incarnation=incarnation)
            self._last = numbering.assigned(session)
        self._incarnation, self._sent = incarnation, []
        log.info("relay leads", generation=generation, incarnation=incarnation)

    def _told_numbers(self) -> LastNumbers | None:
        try:
            return self.transport.last_told(self.service)
        except TransportDown:
            return None
