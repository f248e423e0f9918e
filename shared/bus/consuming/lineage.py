"""Which incarnations of its sources a service has followed: the way back when a source no longer knows the newest."""

from collections.abc import Iterable, Mapping, Sequence

import orjson
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from shared.bus.feed import LINEAGE
from shared.bus.tables import lineage


def go_on(session: Session, source: str, after: str | None, steps: Sequence[tuple[str, Mapping[int, int]]]) -> None:
    """Notes the incarnations that followed `after`; what this service followed after it instead is forgotten."""
    known = select(lineage.c.id).where(lineage.c.source == source)
    kept = session.scalar(known.where(lineage.c.incarnation == (after or "")))
    session.execute(delete(lineage).where(lineage.c.source == source, lineage.c.id > (kept or 0)))
    if after and kept is None:
        steps = [(after, {}), *steps]  # the first that is remembered: nothing is known of what was before it
    rows = [{"source": source, "incarnation": name, "bases": _text(bases)} for name, bases in steps]
    if rows:
        session.execute(insert(lineage), rows)
    oldest = known.order_by(lineage.c.id.desc()).offset(LINEAGE).limit(1)
    if (last := session.scalar(oldest)) is not None:
        session.execute(delete(lineage).where(lineage.c.source == source, lineage.c.id <= last))


def before(session: Session, source: str, incarnation: str) -> tuple[str, dict[int, int]] | None:
    """The incarnation that this one followed, and the numbers at which; None when nothing is known of it."""
    rows = session.execute(
        select(lineage.c.incarnation, lineage.c.bases).where(lineage.c.source == source).order_by(lineage.c.id)
    ).all()
    names = [row.incarnation for row in rows]
    if incarnation not in names[1:]:
        return None
    place = names.index(incarnation)
    return names[place - 1], _numbers(rows[place].bases)


def is_remembered(session: Session, source: str, incarnation: str) -> bool:
    """Whether this service has followed the source to this incarnation."""
    known = select(lineage.c.id).where(lineage.c.source == source, lineage.c.incarnation == incarnation)
    return session.scalar(known.limit(1)) is not None


def _text(bases: Mapping[int, int]) -> str:
    return orjson.dumps({str(partition): number for partition, number in bases.items()}).decode()


def _numbers(text: str) -> dict[int, int]:
    items: Iterable[tuple[str, int]] = orjson.loads(text).items()
    return {int(partition): number for partition, number in items}
