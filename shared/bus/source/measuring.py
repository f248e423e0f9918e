"""How much an outbox keeps: numbers are dense, so rows need no counting, and a sample tells how long they are."""

from dataclasses import dataclass

from sqlalchemy import LargeBinary, cast, func, select
from sqlalchemy.orm import Session

from shared.bus.tables import outbox, outbox_numbers

SAMPLE = 32
"""So many rows of each partition, evenly spread, are measured."""
ROW_BYTES = 250
"""What a row takes beside its envelope, its index entries included."""


@dataclass(frozen=True, slots=True)
class Span:
    """The numbers of one partition that are kept."""

    first: int
    last: int

    @property
    def rows(self) -> int:
        """How many rows these are."""
        return self.last - self.first + 1


def spans(session: Session) -> dict[int, Span]:
    """What is kept of each partition; those that are empty are missing."""
    first = select(func.min(outbox.c.number)).where(outbox.c.partition == outbox_numbers.c.partition).scalar_subquery()
    rows = session.execute(select(outbox_numbers.c.partition, first, outbox_numbers.c.assigned))
    return {partition: Span(oldest, last) for partition, oldest, last in rows if oldest is not None}


def length(session: Session):
    """The bytes of a row, as an expression."""
    if session.get_bind().dialect.name == "postgresql":
        return func.octet_length(outbox.c.envelope) + ROW_BYTES
    return func.length(cast(outbox.c.envelope, LargeBinary)) + ROW_BYTES


def size_of(session: Session, kept: dict[int, Span]) -> dict[int, int]:
    """About how many bytes the rows of each partition take."""
    return {partition: int(span.rows * _mean(session, partition, span)) for partition, span in kept.items()}


def _mean(session: Session, partition: int, span: Span) -> float:
    step = max(1, span.rows // SAMPLE)
    numbers = list(range(span.first, span.last + 1, step))[: SAMPLE + 1]
    mean = select(func.avg(length(session))).where(outbox.c.partition == partition, outbox.c.number.in_(numbers))
    return float(session.scalar(mean) or ROW_BYTES)
