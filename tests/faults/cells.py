"""One cell: a step, a fault, a database; how it is played, and what must hold afterwards."""

from dataclasses import dataclass

from shared import clock
from shared.testing import eventually
from tests.faults.bank import MAX_ATTEMPTS, READERS, SOURCE, ErrandRow
from tests.faults.databases import KINDS, Kind
from tests.faults.faults import FAULTS, Fault
from tests.faults.ledger import Ledger
from tests.faults.members import MAX_STARTS
from tests.faults.processes import Member
from tests.faults.steps import STEPS, Step
from tests.faults.systems import PLACES, System
from tests.faults.writers import Writer


@dataclass(frozen=True, slots=True)
class Cell:
    """What happens, where, on which database."""

    step: Step
    fault: Fault
    database: Kind
    left_out: str = ""
    """A rule that every process of this cell breaks (broken_rules.py)."""
    settle_within: float = 180.0

    @property
    def name(self) -> str:
        return f"{self.step.name} / {self.fault.name} / {self.database}"

    @property
    def key(self) -> tuple[str, str, str]:
        return self.step.name, self.fault.name, self.database

    def reason_against(self) -> str:
        """Why it makes no sense; empty when it can be played."""
        return self.fault.reason_against(self)

    @property
    def is_without_broker(self) -> bool:
        return self.fault.name == "broker off throughout" and not self.step.needs_broker


def every_cell() -> list[Cell]:
    """All of them, those that make no sense included."""
    return [Cell(step, fault, kind) for step in STEPS for fault in FAULTS for kind in KINDS]


class Play:
    """One cell as it happens; `run` raises AssertionError when a promise did not hold."""

    def __init__(self, cell: Cell, system: System, number: int):
        self.cell, self.system, self.number = cell, system, number
        self.ledger = Ledger(system.databases)
        self.writer = Writer(system.gateway.port, number)
        self.victim: Member

    def run(self) -> None:
        """Sets the scene, strikes, lets everything come to rest, and looks at what is there."""
        self.system.broker.begin()
        self._set_the_scene()
        self.victim.await_step(self.write_more)
        self.cell.fault.strike(self)
        self.settle()
        if self.cell.fault.wakes_late:
            self.writer.send("a", errand="short")
            self.writer.send("b")
            self.settle()
        slips = self.ledger.slips() + self._slips_of_the_writer() + self.system.casualties()
        assert not slips, "; ".join(slips)

    def close(self) -> None:
        self.writer.close()

    def replace_victim(self) -> None:
        """Starts another process in the victim's role."""
        self.system.stand(self.cell.step.role)

    def write_more(self) -> None:
        """What comes in while the fault lasts and afterwards."""
        for account in "abc":
            self.writer.send(account)
        self.writer.send("a", errand="short")

    def settle(self, **what: bool) -> None:
        """Until everything written is answered, handled and ended (of events, sent, errands: what is not False)."""

        def is_settled() -> bool:
            assert self.writer.is_done(), "a client still waits for its answer"
            undone = self.ledger.undone(**what)
            assert not undone, ", ".join(undone)
            return True

        eventually(is_settled, within=self.cell.settle_within, every=0.1)

    def _set_the_scene(self) -> None:
        step = self.cell.step
        late = READERS if step.late_readers else ()
        self.system.fell(*late, step.role)
        self.system.stand(*(name for name in PLACES if name not in (*late, step.role)))
        if self.cell.is_without_broker:
            self.system.broker.off()
        if step.seed == "deadly":
            self._let_some_die()
        if not (late and step.role in READERS):
            self._invite_victim()
        self._seed_errands()
        self._write_first()
        if late:
            self.settle(events=False, sent=not self.cell.is_without_broker, errands=False)
            if not self.cell.is_without_broker:
                self.system.broker.flush()  # a RabbitMQ keeps for its services what they were not there to read
            self.system.stand(*(name for name in late if name != step.role))
            if step.role in READERS:
                self._invite_victim()

    def _invite_victim(self) -> None:
        self.victim = self.system.invite(
            self.cell.step.role, self.cell.step, through_proxies=self.cell.fault.needs_proxies
        )

    def _write_first(self) -> None:
        self.writer.send("a", errand="long" if self.cell.step.seed == "long" else "short")
        self.writer.send("b", "stubborn")
        self.writer.send("c", "poison")
        for account in "abc":
            self.writer.send(account)

    def _let_some_die(self) -> None:
        """An event that kills whoever handles it: as many as it may take have died of it."""
        self.writer.send("d", "deadly")
        for _ in range(MAX_STARTS):
            self.system.stand("reader")
            self.system.let_die("reader")

    def _seed_errands(self) -> None:
        """A command whose worker is gone: with attempts left, or in its last one."""
        attempts = {"abandoned": 1, "exhausted": MAX_ATTEMPTS}.get(self.cell.step.seed)
        if attempts:
            now = clock.now()
            row = ErrandRow(state="running", attempts=attempts, fence=attempts, lease_until=now, started_at=now)
            row.trace_id, row.traceparent = "0" * 32, ""
            with self.system.databases[SOURCE].transaction() as session:
                session.add(row)

    def _slips_of_the_writer(self) -> list[str]:
        accepted, there = sorted(self.writer.accepted), sorted(entry.amount for entry in self.ledger.entries())
        return [] if accepted == there else [f"answered were {accepted}, there are {there}"]
