"""The source's log: which numbers its committed events have, under which incarnation."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.orm import Session

from shared.bus.decisions import answers, numbers
from shared.bus.tables import incarnations, outbox, outbox_numbers
from shared.bus.transport import Entry
from shared.database.inserting import insert_new
from shared.ids import new_id

_GIVE_NUMBERS = text("""
    WITH batch AS (SELECT seq, "partition" AS p FROM outbox WHERE number IS NULL ORDER BY seq LIMIT :count),
    numbered AS (
        SELECT batch.seq AS seq,
               outbox_numbers.assigned + row_number() OVER (PARTITION BY batch.p ORDER BY batch.seq) AS number
        FROM batch JOIN outbox_numbers ON outbox_numbers."partition" = batch.p
    )
    UPDATE outbox SET number = numbered.number FROM numbered WHERE outbox.seq = numbered.seq
""")
UNSENT = text("number IS NOT NULL AND NOT is_sent")
"""SQL: it has a number, and the broker was not told of it. Worded as the index is."""
_NEWEST = (
    select(func.max(outbox.c.number)).where(outbox.c.partition == outbox_numbers.c.partition).correlate(outbox_numbers)
).scalar_subquery()

# made once: each runs for every batch, and to make a statement costs more than to run it
_COUNT_ON = update(outbox_numbers).where(outbox_numbers.c.assigned < _NEWEST).values(assigned=_NEWEST)
_ASSIGNED = select(outbox_numbers.c.partition, outbox_numbers.c.assigned)
_AN_UNNUMBERED = select(outbox.c.seq).where(outbox.c.number.is_(None)).limit(1)
_AN_UNSENT = select(outbox.c.seq).where(UNSENT).limit(1)
_TO_SEND = (
    select(outbox.c.seq, outbox.c.partition, outbox.c.number, outbox.c.type, outbox.c.envelope)
    .where(UNSENT)
    .order_by(outbox.c.partition, outbox.c.number)
    .limit(bindparam("count"))
)
_MARK = update(outbox).where(outbox.c.seq.in_(bindparam("p_sent", expanding=True))).values(is_sent=True)


def give_numbers(session: Session, count: int) -> int:
    """Numbers up to `count` committed events as `numbers.give` says; how many there were.

    The caller's transaction has checked the relay's generation: numbers are given by one relay at a time.
    """
    given = session.execute(_GIVE_NUMBERS, {"count": count}).rowcount
    if given:
        session.execute(_COUNT_ON)
    return given


def unsent(session: Session, source: str, incarnation: str, count: int) -> list[tuple[int, Entry]]:
    """Numbered events that the broker was not told yet, as `numbers.to_send` orders them."""
    rows = session.execute(_TO_SEND, {"count": count})
    return [(seq, Entry(source, incarnation, *rest)) for seq, *rest in rows]


def has_unnumbered(session: Session) -> bool:
    """Whether committed events wait for their number."""
    return session.scalar(_AN_UNNUMBERED) is not None


def has_unsent(session: Session) -> bool:
    """Whether numbered events wait to be told to the broker."""
    return session.scalar(_AN_UNSENT) is not None


def mark_sent(session: Session, rows: Sequence[tuple[int, Entry]]) -> None:
    """Notes what the broker has been told."""
    if rows:
        session.execute(_MARK, {"p_sent": [seq for seq, _ in rows]})


def assigned(session: Session) -> dict[int, int]:
    """The last number given, per partition."""
    return dict(session.execute(_ASSIGNED).all())


def prepare(session: Session, partitions: int) -> None:
    """Makes the counters where there are none."""
    rows = [{"partition": partition, "assigned": 0} for partition in range(partitions)]
    session.execute(insert_new(session, outbox_numbers).values(rows).on_conflict_do_nothing())


def current_incarnation(session: Session) -> str | None:
    """The incarnation under which numbers are given now; None before the first relay ran."""
    return session.scalar(select(incarnations.c.incarnation).order_by(incarnations.c.ordinal.desc()).limit(1))


def begin_incarnation(session: Session, base: Mapping[int, int] | None = None) -> str:
    """Starts a new incarnation at the last numbers given, or at `base`: what a database now gone gave above is void."""
    ordinal = (session.scalar(select(func.max(incarnations.c.ordinal))) or 0) + 1
    name = new_id().replace("-", "")
    rows = [
        {"ordinal": ordinal, "partition": partition, "incarnation": name, "base": number}
        for partition, number in numbers.bases(base or assigned(session)).items()
    ]
    session.execute(insert(incarnations), rows)
    return name


def history_since(session: Session, incarnation: str | None) -> list[tuple[int, str, int, int]]:
    """The rows (ordinal, incarnation, partition, base) of an incarnation and of those after it; [] when unknown."""
    first = select(func.min(incarnations.c.ordinal)).where(incarnations.c.incarnation == (incarnation or ""))
    columns = incarnations.c.ordinal, incarnations.c.incarnation, incarnations.c.partition, incarnations.c.base
    rows = select(*columns).where(incarnations.c.ordinal >= first.scalar_subquery())
    return [tuple(row) for row in session.execute(rows.order_by(incarnations.c.ordinal))]


def newest_history(session: Session, count: int) -> list[tuple[int, str, int, int]]:
    """The rows of the newest so many incarnations, in order."""
    columns = incarnations.c.ordinal, incarnations.c.incarnation, incarnations.c.partition, incarnations.c.base
    first = select(func.max(incarnations.c.ordinal) - count).scalar_subquery()
    rows = select(*columns).where(incarnations.c.ordinal > first).order_by(incarnations.c.ordinal)
    return [tuple(row) for row in session.execute(rows)]


def bases_since(session: Session, incarnation: str) -> dict[int, int] | None:
    """Up to which number each partition of an older incarnation still counts; None when it is unknown."""
    return answers.bases_since(history_since(session, incarnation), incarnation)
