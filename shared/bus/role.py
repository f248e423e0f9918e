"""The bus role of a service: relay, consumer and command sender, each a loop on its own thread."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session

from shared import progress
from shared.bus.consuming.consumer import Consumer
from shared.bus.source import keeping
from shared.bus.source.relay import Relay
from shared.bus.transport import Transport, TransportDown
from shared.database import Database
from shared.database.errors import is_passing
from shared.logs import get
from shared.progress import Pulse

LONGEST_PAUSE_SECONDS = 5.0
KEEPING_SECONDS = 60.0
MARKING_SECONDS = 0.05
"""So long what was sent may wait to be marked: the transaction that numbers the next events then marks it as well."""
IDLE_SECONDS = 5.0
"""How long a loop without work waits at most, well below what the pulse takes for deafness."""
GRACE_SECONDS = 5.0
"""What a loop may still take to end; one that waits longer is left: whatever it has not committed never happened."""

log = get("bus")


class BusRole:
    """Runs until SIGTERM or SIGINT; a loop that fails for a reason that does not pass ends the process."""

    def __init__(self, service: str, database: Database, transport: Transport, relay: Relay, consumer: Consumer):
        self.service, self.database, self.transport = service, database, transport
        self.relay, self.consumer = relay, consumer
        self.senders: list[Callable[[], float]] = []
        self.pruners: list[Callable[[Session], int]] = []
        self.limits = keeping.Limits()
        self.progress_file: Path | None = None
        self._stop, self._failed, self._sender_wake = threading.Event(), threading.Event(), threading.Event()
        self._keep_at = time.monotonic() + KEEPING_SECONDS
        self._holding: set[str] = set()

    def run(self) -> int:
        """The process's exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        loops = {"relay": self._relay, "consumer": self._consume, "commands": self._send_commands}
        threads = [
            threading.Thread(target=self._keep_going, args=item, name=item[0], daemon=True) for item in loops.items()
        ]
        for thread in threads:
            thread.start()
        pulse = Pulse(self.progress_file).start()
        log.info("bus role runs", sources=self.consumer.sources)
        while not self._stop.wait(0.5):
            pass
        until = time.monotonic() + GRACE_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self.relay.leases.release()
        pulse.stop()
        return 1 if self._failed.is_set() else 0

    def stop(self) -> None:
        """Ends after the step under way."""
        self._stop.set()
        self._sender_wake.set()

    def _keep_going(self, name: str, step: Callable[[], None]) -> None:
        pause = 0.1
        while not self._stop.is_set():
            progress.moved(name)
            try:
                step()
                pause = 0.1
            except Exception as error:
                if not is_passing(error):
                    log.exception("a loop failed", loop=name)
                    self._failed.set()
                    self.stop()
                    break
                log.warning("the database is not at hand", loop=name, error=type(error).__name__)
                self._stop.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        progress.rests(name)

    def _relay(self) -> None:
        if not self.relay.is_leading():
            self._stop.wait(1.0)
            return
        if self.relay.step() == 0:
            self._await_poke(1.0)
        elif not self.relay.is_full:
            self._await_poke(MARKING_SECONDS)
        self._keep()

    def _await_poke(self, seconds: float) -> None:
        try:
            is_poked = self.transport.await_poke(self.service, seconds)
        except TransportDown:
            is_poked = not self._stop.wait(min(seconds, 0.2))  # nobody can poke: look often
        if is_poked:
            self._sender_wake.set()

    def _keep(self) -> None:
        if time.monotonic() >= self._keep_at:
            with self.database.transaction() as session:
                gone = keeping.prune(session, self.limits)
                for other in self.pruners:
                    other(session)
            if gone < keeping.BATCH:  # else there is more to go: after the next batch of the relay
                self._keep_at = time.monotonic() + KEEPING_SECONDS
                self._tell_holding()

    def _tell_holding(self) -> None:
        """Logs a consumer that holds the outbox back when it begins to, and when it ends."""
        with self.database.reading() as session:
            found = {one.consumer: one for one in keeping.holding_back(session, self.limits)}
        for name in found.keys() - self._holding:
            one = found[name]
            detail = {"events": one.events, "oldest_at": one.oldest_at.isoformat(), "is_too_much": one.is_too_much}
            log.error("a consumer holds the outbox back", consumer=name, **detail)
        for name in self._holding - found.keys():
            log.info("a consumer no longer holds the outbox back", consumer=name)
        self._holding = set(found)

    def _consume(self) -> None:
        if self.consumer.step() and self.senders:
            self._sender_wake.set()  # a handler may have submitted a command

    def _send_commands(self) -> None:
        self._sender_wake.clear()
        pause = min((send() for send in self.senders), default=IDLE_SECONDS)
        self._sender_wake.wait(pause)
