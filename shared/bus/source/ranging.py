"""Answers a replay from the outbox: what of a range lies after its numbers, a bounded look at a time."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.bus.decisions import answers, replaying
from shared.bus.feed import LIMIT, FeedAnswer, Range
from shared.bus.source import numbering
from shared.bus.source.answering import oldest
from shared.bus.tables import outbox
from shared.bus.transport import Entry


def read_range(
    session: Session, source: str, wanted: Range, incarnation: str, numbers: dict[int, int], *, limit: int = LIMIT
) -> FeedAnswer | None:
    """Answers a replay that has reached `numbers` of `incarnation`; None before the relay gave any numbers."""
    last = {partition: given for partition, given in numbering.assigned(session).items() if partition in numbers}
    current = numbering.current_incarnation(session)  # after the numbers, as in an answer to a consumer
    if current is None:
        return None
    bases = {} if incarnation == current else numbering.bases_since(session, incarnation)
    start = answers.start(numbers, bases, last, oldest(session))
    share = max(1, limit // max(1, len(start)))
    entries: list[Entry] = []
    reached: dict[int, int] = {}
    for partition, number in start.items():
        rows = session.execute(_look(wanted, partition, number, last[partition], share)).all()
        entries += [Entry(source, current, partition, *row) for row in rows]
        reached[partition] = replaying.reached(number, last[partition], [row.number for row in rows], share)
    return FeedAnswer(current, start, last, entries, reached, is_known=bases is not None)


def _look(wanted: Range, partition: int, number: int, last: int, limit: int):
    found = select(outbox.c.number, outbox.c.type, outbox.c.envelope).where(
        outbox.c.partition == partition,
        outbox.c.number > number,
        outbox.c.number <= replaying.look(number, last),
        outbox.c.type.in_(wanted.types),
    )
    if wanted.since:
        found = found.where(outbox.c.created_at >= wanted.since)
    if wanted.until:
        found = found.where(outbox.c.created_at <= wanted.until)
    return found.order_by(outbox.c.number).limit(limit)
