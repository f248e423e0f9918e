"""What the faults happen to: a service `bank` whose entries announce events and submit errands, and its readers."""

from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Mapped, Session, mapped_column

from shared.bus import announce
from shared.commands import CommandColumns, Commands
from shared.database import Database, Id, model_base
from shared.events import Event
from shared.web import Resource, endpoint

SOURCE, READERS = "bank", ("reader", "witness")
TASKS = "errands"
"""The queue of Celery's messages."""
MAX_ATTEMPTS = 4
"""So often an errand is begun."""
Kind = Literal["plain", "stubborn", "poison", "deadly"]
Errand = Literal["short", "long"]

Base, ReaderBase = model_base(), model_base()


class Booked(Event):
    """An entry was made under an account; its kind says what becomes of whoever handles it."""

    account: str
    amount: int
    kind: str = "plain"

    @property
    def subject(self) -> str:
        return f"accounts/{self.account}"


class Entry(Base):
    """What the bank accepted."""

    __tablename__ = "entries"
    number: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(sa.String(20))
    amount: Mapped[int] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(sa.String(10))


class ErrandRow(CommandColumns, Base):
    """A command that goes with an entry."""

    __tablename__ = "errands"
    kind: Mapped[str] = mapped_column(sa.String(10), default="short")


class End(Base):
    """The effect of an errand: one row each time that one ends."""

    __tablename__ = "ends"
    number: Mapped[int] = mapped_column(primary_key=True)
    errand_id: Mapped[str] = mapped_column(Id)
    how: Mapped[str] = mapped_column(sa.String(20))


class Line(ReaderBase):
    """The effect of an event in a handling service: one row each time."""

    __tablename__ = "lines"
    number: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(sa.String(20))
    amount: Mapped[int]


class NewEntry(BaseModel):
    """One entry, and perhaps an errand with it."""

    model_config = ConfigDict(extra="forbid")
    account: str
    amount: int
    kind: Kind = "plain"
    errand: Errand | None = None


def errands_of(database: Database) -> Commands:
    """The bank's commands, with a test's patience."""
    return Commands(
        ErrandRow, database, task="bank.errand", queue=TASKS, lease_seconds=1.0, resend_seconds=0.5,
        pauses=(0.05, 0.2), max_attempts=MAX_ATTEMPTS, when_failed=note_failure,
    )  # fmt: skip


def note_failure(session: Session, row: ErrandRow, _error: Exception) -> None:
    """In the transaction that gives an errand up."""
    session.add(End(errand_id=row.id, how="failed"))


def entries_resource(errands: Commands) -> type[Resource]:
    """POST /entries: the entry, its event and its errand, all in one transaction."""

    class Entries(Resource):
        @endpoint(access="anyone", body=NewEntry, status=201)
        def post(self, session, body: NewEntry):
            """Make an entry."""
            session.add(Entry(account=body.account, amount=body.amount, kind=body.kind))
            announce(session, Booked(account=body.account, amount=body.amount, kind=body.kind))
            if body.errand:
                errands.submit(session, kind=body.errand)
            return {"amount": body.amount}

    return Entries
