"""The relay: numbers committed events and tells the broker, one process at a time per service."""

import time

from sqlalchemy.orm import Session

from shared.bus.decisions import numbers
from shared.bus.leases import Leases
from shared.bus.source import numbering, restoring
from shared.bus.transport import Entry, LastNumbers, Transport, TransportDown
from shared.database import Database
from shared.ids import new_id
from shared.logs import get

LEASE = restoring.RELAY
BATCH = 500
RETRY_SECONDS = 1.0

log = get("bus")


class NotMine(Exception):
    """What this relay was about to number is not, or no longer, its to number: the transaction must not commit."""


class Relay:
    """Call `step` again and again; it does one batch and says whether there was anything to do."""

    def __init__(self, service: str, database: Database, transport: Transport, leases: Leases, partitions: int):
        self.service, self.database, self.transport = service, database, transport
        self.leases, self.partitions = leases, partitions
        self.is_full = False
        """Whether the last step did a whole batch, so that there is more to do at once."""
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
        try:
            with self.database.transaction() as session:
                given, rows, last = self._number(session, is_silent)
        except NotMine as lost:
            self._generation, self._sent = None, []
            log.warning("the relay steps back", reason=str(lost))
            return 0
        self._last, self._sent = last, []
        self.is_full = max(given, len(rows)) >= BATCH
        self._tell(rows)
        return given + len(rows)

    def _number(self, session: Session, is_silent: bool) -> tuple[int, list[tuple[int, Entry]], dict[int, int]]:
        """How many numbers were given, what is to be sent, the last numbers. Raises NotMine."""
        if not self.leases.check(session, LEASE, self._generation or 0):
            raise NotMine("another process leads")
        numbering.mark_sent(session, self._sent)
        given = numbering.give_numbers(session, BATCH)
        rows = [] if is_silent else numbering.unsent(session, self.service, self._incarnation, BATCH)
        last, current = numbering.assigned(session), numbering.current_incarnation(session)
        if not numbers.is_same_log(self._last, given, last, own=self._incarnation, current=current):
            raise NotMine("the database is no longer the one whose numbers this process gave")
        return given, rows, last

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
        with self.database.transaction() as session:
            if not self.leases.check(session, LEASE, generation):
                return
            own = self._incarnation or None
            self._incarnation = restoring.take_over(session, self.partitions, own=own, last=self._last)
            self._last = numbering.assigned(session)
        self._sent = []
        log.info("relay leads", generation=generation, incarnation=self._incarnation)
