"""Runs it: `python -m chaos --duration 180 --seed 7`; exit status 1 if anything was lost, doubled or out of order."""

import argparse
import json
import random
import signal
import time
from pathlib import Path
from typing import Any

from chaos import report
from chaos.book import Book
from chaos.checking import Findings, check_holdings
from chaos.clients.probing import rounds, wait_for_a_round
from chaos.conducting import Conductor
from chaos.faults import Faults
from chaos.holdings import Asker, Holdings
from chaos.inspecting import Inspector
from chaos.load import PROBE, Load
from chaos.mails import MailCollector
from chaos.schedule import Targets, plan
from chaos.system import Say, System
from chaos.tracking import check_track
from quintet.state import SERVICES

SETTLE_SECONDS = 240.0
"""What may come last: a command whose worker was killed (a lease of 60 s, then a message within 30 s more, and again
for a second such loss), or an event or mail that waits for its next attempt (a minute at most in either)."""
RECOVER_SECONDS = 150.0
"""So long it may be until a write is seen again: on a busy machine a process may begin for two minutes."""
INTERRUPTED = 130


def main() -> None:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--duration", type=float, default=60, help="seconds of faults")
    parser.add_argument("--seed", type=int, help="of the schedule; any, and told, where it is not given")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--broker", choices=["redis", "rabbitmq"], default="redis")
    parser.add_argument("--keep", action="store_true", help="keep the state folder in any case")
    parser.add_argument("--report", type=Path, help="write the report there, as JSON")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    try:
        document = Run(options.database, options.broker, options.duration, seed, keeps=options.keep).make()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    if options.report:
        options.report.write_text(json.dumps(document, indent=2, default=str) + "\n")
    raise SystemExit(0 if document["held"] else 1)


def _interrupt(*_signal: object) -> None:
    raise KeyboardInterrupt


class Run:
    """One run, from an empty folder to the report."""

    def __init__(
        self, database: str, broker: str, duration: float, seed: int, *, keeps: bool = False, say: Say = print
    ):
        self.duration, self.seed, self.keeps, self.say = duration, seed, keeps, say
        self.system = System(database, broker, say)
        self.has_recovered = False

    def make(self) -> dict[str, Any]:
        """The report; whatever happens, no process is left."""
        self.say(f"Chaos: seed {self.seed}, {self.duration:g} s on {self.system.database}, in {self.system.folder}")
        is_kept = True
        try:
            self.system.up()
            self.book = Book(self.system.folder / "book.jsonl")
            document = self._play()
            is_kept = self.keeps or not document["held"]
            return document
        except KeyboardInterrupt:
            is_kept = self.keeps
            raise
        finally:
            self.system.down(is_kept=is_kept)
            if is_kept:
                self.say(f"Everything of the run is kept in {self.system.folder}")

    def _play(self) -> dict[str, Any]:
        mails = MailCollector(self.system.state.path("mails"))
        mails.start()
        load = Load(self.system, self.seed, self.book)
        load.begin(self.duration)
        conductor = self._conduct(load)
        self.say("The faults are over; the clients end.")
        self.system.mend()
        load.end(SETTLE_SECONDS)
        findings, held, settled_after = self._settle(load, mails)
        for subscriber in load.subscribers:
            check_track(subscriber.track, self.book.calls, held.records, findings)
        document = self._document(load, conductor, findings, held) | {"settled_after": settled_after}
        self.system.note("report.json", document)
        self.say("\n" + report.as_text(document))
        return document

    def _conduct(self, load: Load) -> Conductor:
        owners = ["postgres"] if self.system.database == "postgres" else SERVICES
        targets = Targets(self.system.names, SERVICES, [one for one in owners if self.system.disks.can_fill(one)])
        conductor = Conductor(Faults(self.system, self.seed), plan(self.seed, self.duration, targets), self.say)
        begun = time.monotonic()
        try:
            conductor.play(begun)
            time.sleep(max(0.0, begun + self.duration - time.monotonic()))
            self.has_recovered = wait_for_a_round(self.book, PROBE, load.watcher, time.time(), RECOVER_SECONDS)
        finally:
            conductor.stop()
        return conductor

    def _settle(self, load: Load, mails: MailCollector) -> tuple[Findings, Holdings, float]:
        """Waits until nothing is under way, then asks for all there is."""
        inspector, begun = Inspector(self.system), time.monotonic()
        try:
            pending = self._pending(inspector, begun + SETTLE_SECONDS)
            settled_after = time.monotonic() - begun
            missing = load.say_farewell(RECOVER_SECONDS)
            pending = pending or self._pending(inspector, time.monotonic() + RECOVER_SECONDS)
            asker = Asker(load.admin)
            records, caught = asker.records(), mails.look()
            held = Holdings(
                records, asker.prints(records), asker.jobs(), inspector.job_ends(), caught, asker.dead_links(caught)
            )
            findings = check_holdings(self.book.calls, held)
            findings.unsettled += [f"{name} did not see the last write" for name in missing] + pending
            if not self.has_recovered:
                findings.unsettled.append(f"no probe went all the way within {RECOVER_SECONDS:g} s of the last fault")
            return findings, held, settled_after
        finally:
            mails.stopping.set()
            inspector.close()

    def _pending(self, inspector: Inspector, deadline: float) -> list[str]:
        """What is still under way; asked until it is nothing, twice, or time is over."""
        calm = 0
        while True:
            pending = inspector.pending()
            calm = 0 if pending else calm + 1
            if calm == 2 or time.monotonic() > deadline:
                return pending
            time.sleep(1.0)

    def _document(self, load: Load, conductor: Conductor, findings: Findings, held: Holdings) -> dict[str, Any]:
        tracks = [subscriber.track for subscriber in load.subscribers]
        run = {
            "seed": self.seed,
            "duration": self.duration,
            "database": self.system.database,
            "broker": self.system.broker,
            "disk": self.system.disks.how,
            "subscribers": len(tracks),
            "connections": sum(track.connections for track in tracks),
            "sightings": sum(len(track.sightings) for track in tracks),
            "rereads": sum(len(track.rereads) for track in tracks),
            "mails": len(held.mails),
            "internal_errors": sum(call.internal_errors for call in self.book.calls),
            "unknown_after": dict(self.book.unknown_after()),
        }
        found = report.recoveries(conductor.deeds, rounds(self.book, PROBE, load.watcher))
        return report.as_document(run, conductor.deeds, self.book.by_outcome(), findings, found)
