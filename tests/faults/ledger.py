"""What happened since a cell began: what is missing, doubled, out of order or not yet done, as the databases say."""

import sqlalchemy as sa

from shared.bus.tables import outbox, positions, waiting
from shared.database import Database
from tests.faults.bank import READERS, SOURCE, End, Entry, ErrandRow, Line

ENDS = {"succeeded": "done", "failed": "failed"}
_IS_PARKED = waiting.c.state == "parked"


class Ledger:
    """Reads with the harness's own connections, so that no fault of a process reaches it."""

    def __init__(self, databases: dict[str, Database]):
        self._of = databases
        with self._of[SOURCE].reading() as session:
            self._last_entry = session.scalar(sa.select(sa.func.max(Entry.number))) or 0
            self._errands_before = set(session.scalars(sa.select(ErrandRow.id)))
        self._parked_before = {service: self._parked(service) for service in READERS}

    def entries(self) -> list[Entry]:
        """What the bank has accepted since, in the order of its keys."""
        with self._of[SOURCE].reading() as session:
            return list(session.scalars(sa.select(Entry).where(Entry.number > self._last_entry).order_by(Entry.number)))

    def undone(self, *, events: bool = True, sent: bool = True, errands: bool = True) -> list[str]:
        """What is still to be done; empty when the system has come to rest."""
        count = sa.select(sa.func.count())
        with self._of[SOURCE].reading() as session:
            last = session.scalar(count.select_from(outbox)) or 0
            left = [
                (True, "unnumbered", count.where(outbox.c.number.is_(None))),
                (sent, "unsent", count.where(~outbox.c.is_sent)),
                (errands, "open errands", count.where(ErrandRow.finished_at.is_(None))),
            ]
            undone = [f"{n} {what}" for is_asked, what, ask in left if is_asked and (n := session.scalar(ask))]
        return undone + ([behind for service in READERS for behind in self._behind(service, last)] if events else [])

    def _behind(self, service: str, last: int) -> list[str]:
        with self._of[service].reading() as session:
            handled = session.scalar(sa.select(sa.func.sum(positions.c.number))) or 0
            waits = session.scalar(sa.select(sa.func.count()).where(waiting.c.state == "waiting"))
        wrong = [f"{service} handled {handled} of {last}"] if handled != last else []
        return wrong + ([f"{service} has {waits} waiting"] if waits else [])

    def slips(self) -> list[str]:
        """What went wrong for good: lost, doubled, out of order; empty when every promise held."""
        entries = self.entries()
        slips = self._slips_of_the_outbox() + self._slips_of_errands()
        return slips + [slip for service in READERS for slip in self._slips_of(service, entries)]

    def _slips_of_the_outbox(self) -> list[str]:
        """One event for each entry, numbered from 1 without a gap in each partition."""
        numbers = sa.select(outbox.c.partition, sa.func.count(), sa.func.min(outbox.c.number),
                            sa.func.max(outbox.c.number)).group_by(outbox.c.partition)  # fmt: skip
        with self._of[SOURCE].reading() as session:
            entries = session.scalar(sa.select(sa.func.count()).select_from(Entry))
            rows = session.execute(numbers).all()
        events = sum(count for _, count, _, _ in rows)
        slips = [] if events == entries else [f"{entries} entries, {events} events"]
        gaps = [p for p, count, least, most in rows if (least, most) != (1, count)]
        return slips + [f"partition {partition} has a gap in its numbers" for partition in gaps]

    def _slips_of_errands(self) -> list[str]:
        with self._of[SOURCE].reading() as session:
            states = dict(session.execute(sa.select(ErrandRow.id, ErrandRow.state)).all())
            ends = session.execute(sa.select(End.errand_id, End.how)).all()
        return [
            f"an errand {state} has the ends {told}"
            for one, state in states.items()
            if one not in self._errands_before
            and (told := [end.how for end in ends if end.errand_id == one]) != [ENDS.get(state)]
        ]

    def _slips_of(self, service: str, entries: list[Entry]) -> list[str]:
        accounts = {entry.account for entry in entries}
        wanted = sa.select(Line.account, Line.amount).where(Line.account.in_(accounts)).order_by(Line.number)
        with self._of[service].reading() as session:
            lines = session.execute(wanted).all()
        never = ("poison", "deadly") if service == READERS[0] else ("poison",)
        slips = []
        for account in sorted(accounts):
            expected = [e.amount for e in entries if e.account == account and e.kind not in never]
            found = [line.amount for line in lines if line.account == account]
            if found != expected:
                slips.append(f"{service} has {found} under {account}, accepted were {expected}")
        parked, hopeless = self._parked(service) - self._parked_before[service], sum(e.kind in never for e in entries)
        return slips + ([f"{service} has parked {parked} of {hopeless}"] if parked != hopeless else [])

    def _parked(self, service: str) -> int:
        with self._of[service].reading() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(waiting).where(_IS_PARKED)) or 0
