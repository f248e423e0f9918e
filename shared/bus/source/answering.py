"""Answers consumers from the outbox: what they have missed; the question is the consumer's report."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared import clock
from shared.bus.decisions import answers
from shared.bus.feed import LIMIT, LINEAGE, FeedAnswer
from shared.bus.source import numbering, restoring
from shared.bus.source.retiring import note_return
from shared.bus.tables import consumers, outbox, outbox_numbers
from shared.bus.transport import Entry
from shared.database.inserting import insert_new

ANSWER_BYTES = 4_000_000
"""About how large an answer may grow: a consumer that catches up holds one of them in memory."""


def read_feed(
    session: Session, source: str, incarnation: str | None, numbers: dict[int, int], *, limit: int = LIMIT
) -> FeedAnswer | None:
    """Answers a consumer that has handled `numbers` of `incarnation`; None before the relay gave any numbers."""
    last = numbering.assigned(session)  # first: what is given from now on may be of an incarnation that begins now
    current = numbering.current_incarnation(session)
    if current is None:
        return None
    history = [] if incarnation == current else numbering.history_since(session, incarnation)
    bases = {} if incarnation == current else answers.bases_since(history, incarnation)
    start = answers.start(numbers, bases, last, oldest(session))
    behind = {partition: (start[partition], number) for partition, number in last.items() if number > start[partition]}
    entries = _rows_between(session, source, current, behind, limit)
    return FeedAnswer(
        current,
        start,
        last,
        entries,
        is_known=not incarnation or bases is not None,
        gone=answers.gone(numbers, answers.counting(numbers, bases, last), start) if bases is not None else {},
        lineage=_lineage(session, incarnation, current, history),
    )


def _lineage(session: Session, asked: str | None, current: str, history: list) -> list[tuple[str, dict[int, int]]]:
    """The incarnations that began after the one asked with, each with the numbers it began at; the newest at most."""
    if asked == current:
        return []
    rows = [row for row in history if row[1] != asked] if history else numbering.newest_history(session, LINEAGE)
    steps: dict[str, dict[int, int]] = {}
    for _, name, partition, base in rows:
        steps.setdefault(name, {})[partition] = base
    return list(steps.items())[-LINEAGE:]


def oldest(session: Session) -> dict[int, int]:
    """The lowest number that is still in the outbox, per partition: one seek each, however long the outbox is."""
    lowest = select(func.min(outbox.c.number)).where(outbox.c.partition == outbox_numbers.c.partition).scalar_subquery()
    found = session.execute(select(outbox_numbers.c.partition, lowest))
    return {partition: number for partition, number in found if number is not None}


def _rows_between(
    session: Session, source: str, incarnation: str, behind: dict[int, tuple[int, int]], limit: int
) -> list[Entry]:
    """Of each partition an equal share, which ends early where envelopes are large; never less than one row of it."""
    entries = []
    count, size = max(1, limit // max(1, len(behind))), ANSWER_BYTES // max(1, len(behind))
    for partition, (after, last) in behind.items():  # in order of numbers, which need not be that of the sequence
        rows = session.execute(_rows_of(partition, after, last, count, size))
        entries += [Entry(source, incarnation, partition, *row) for row in rows]
    return entries


def _rows_of(partition: int, after: int, last: int, limit: int, size: int):
    length = func.length(outbox.c.envelope)
    before = (func.sum(length).over(order_by=outbox.c.number) - length).label("before")
    following = (
        select(outbox.c.number, outbox.c.type, outbox.c.envelope, before)
        .where(outbox.c.partition == partition, outbox.c.number > after, outbox.c.number <= last)
        .order_by(outbox.c.number)
        .limit(limit)
        .subquery()
    )
    wanted = select(following.c.number, following.c.type, following.c.envelope)
    return wanted.where(following.c.before < size).order_by(following.c.number)


def take_report(
    session: Session, consumer: str, answer: FeedAnswer, incarnation: str | None, numbers: dict[int, int]
) -> None:
    """Takes a question, answered already, as the report of `consumer`; of an incarnation unknown here it is none."""
    if not answer.is_known:
        return
    own = numbers if answer.incarnation == incarnation else {}
    note_report(session, consumer, answer, own)
    restoring.note_contradiction(session, answer.incarnation, own)


def note_report(session: Session, consumer: str, answer: FeedAnswer, asked: dict[int, int]) -> None:
    """Stores what the asker has handled; only a number that moved is written.

    `asked` are its own numbers where they are of this incarnation: higher ones than were ever given show a restore.
    A lower one than before counts too: the consumer's own database may be an older one, and a question that was
    overtaken on its way only holds rows back until the next.
    """
    known = select(consumers.c.partition, consumers.c.number, consumers.c.incarnation, consumers.c.reported_at)
    before = {row.partition: row for row in session.execute(known.where(consumers.c.consumer == consumer))}
    if not before:
        note_return(session, consumer)
    now = clock.now()
    moved = [
        {"consumer": consumer, "partition": p, "incarnation": answer.incarnation, "number": n, "reported_at": now}
        for p, n in answers.reported(answer.start, asked).items()
        if not _is_same(before.get(p), answer.incarnation, n, now)
    ]
    if not moved:
        return
    insert = insert_new(session, consumers).values(moved)
    names = "incarnation", "number", "reported_at"
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["consumer", "partition"], set_={name: insert.excluded[name] for name in names}
        )
    )


def _is_same(row, incarnation: str, number: int, now) -> bool:
    if row is None or row.incarnation != incarnation or row.number != number:
        return False
    return (now - row.reported_at).total_seconds() < 60
