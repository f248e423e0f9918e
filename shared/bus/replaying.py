"""Replays as rows: begun in a transaction, carried out by the consumer's loop, looked at, stopped."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from sqlalchemy import delete, func, insert, select, true, update
from sqlalchemy.orm import Session

from shared import clock
from shared.bus.tables import replay_cursors, replays
from shared.ids import new_id

RUNNING, DONE, FAILED = "running", "done", "failed"
AT_ONCE = 20
"""So many replays are carried out beside each other; later ones wait for them."""
REMEMBERED = timedelta(days=30)
"""So long a replay that has ended can be looked at."""


def begin(
    session: Session,
    *,
    source: str,
    types: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    handler: str | None = None,
    asked_by: str = "operator",
) -> str:
    """Has this service handle a range of a source's events again; the replay's id.

    The range: events of these types (all that are handled here when there are none), written from `since` (else from
    the window's beginning) until `until` (else now), that the service has handled before. One handler alone has them
    when it is named. Raises ValueError for a range that ends before it begins.
    """
    now = clock.now()
    until = min(until or now, now)
    if since and since > until:
        raise ValueError("A range can't end before it begins.")
    row = {"id": new_id(), "source": source, "types": orjson.dumps(list(types)).decode(), "since": since}
    row |= {"until": until, "handler": handler, "state": RUNNING, "asked_by": asked_by[:120], "created_at": now}
    _forget_old(session)
    session.execute(insert(replays).values(row))
    return row["id"]


def _forget_old(session: Session) -> None:
    """Drops what ended long ago."""
    old = replays.c.finished_at < clock.now() - REMEMBERED
    session.execute(delete(replay_cursors).where(replay_cursors.c.replay.in_(select(replays.c.id).where(old))))
    session.execute(delete(replays).where(old))


def running(session: Session) -> list:
    """The replays to carry out, the eldest first."""
    return session.execute(
        select(replays).where(replays.c.state == RUNNING).order_by(replays.c.id).limit(AT_ONCE)
    ).all()


def finish(session: Session, replay: str) -> None:
    """Notes that every partition has been replayed."""
    _end(session, replay, DONE, None)


def fail(session: Session, replay: str, reason: str) -> bool:
    """Ends a replay early; whether it was running. What it has handled stays handled."""
    return _end(session, replay, FAILED, reason[:300])


def progress(session: Session, *, limit: int = 50, replay: str | None = None) -> list[dict]:
    """The newest replays, or that one alone, with state and how many events each has handled and missed, in all
    partitions."""
    counts = (
        select(
            replay_cursors.c.replay,
            func.sum(replay_cursors.c.handled).label("handled"),
            func.sum(replay_cursors.c.missed).label("missed"),
        )
        .group_by(replay_cursors.c.replay)
        .subquery()
    )
    rows = session.execute(
        select(replays, counts.c.handled, counts.c.missed)
        .outerjoin(counts, counts.c.replay == replays.c.id)
        .order_by(replays.c.id.desc())
        .limit(limit)
        .where(replays.c.id == replay if replay else true())
    )
    return [
        {
            **row,
            "types": orjson.loads(row["types"]),
            "handled": int(row["handled"] or 0),
            "missed": int(row["missed"] or 0),
        }
        for row in rows.mappings()
    ]


def _end(session: Session, replay: str, state: str, reason: str | None) -> bool:
    done = session.execute(
        update(replays)
        .where(replays.c.id == replay, replays.c.state == RUNNING)
        .values(state=state, last_error=reason, finished_at=clock.now())
    )
    return done.rowcount == 1
