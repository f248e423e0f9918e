"""Events that a handler could not take: they wait, tried again with growing pauses, and are parked in the end."""

import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session, aliased

from shared import clock
from shared.bus.consuming.handlers import Handler, Handlers
from shared.bus.decisions import queueing
from shared.bus.tables import waiting
from shared.database import Database, Timestamp
from shared.database.errors import is_passing
from shared.events import Envelope
from shared.logs import get

LOOK_SECONDS = 0.1
"""How often to look for what is due: half of the shortest pause."""

_earlier = aliased(waiting)
_is_head = (
    ~select(_earlier.c.id)
    .where(
        _earlier.c.handler == waiting.c.handler,
        _earlier.c.key == waiting.c.key,
        _earlier.c.state == "waiting",
        _earlier.c.id < waiting.c.id,
    )
    .exists()
)
_DUE = (
    select(waiting)
    .where(waiting.c.state == "waiting", waiting.c.run_at <= bindparam("p_now", type_=Timestamp), _is_head)
    .where(waiting.c.partition.in_(bindparam("p_partitions", expanding=True)))
    .order_by(waiting.c.id)
    .limit(100)
)
"""Made once, like the next: each is asked again and again."""
_keys = waiting.c.key.in_(bindparam("p_keys", expanding=True))
_QUEUES = select(waiting.c.handler, waiting.c.key).where(waiting.c.state == "waiting", _keys).distinct()

log = get("bus")


def queues(session: Session, keys: set[str]) -> set[tuple[str, str]]:
    """For which handlers events of these keys wait, so that a new one must queue behind them."""
    if not keys:
        return set()
    return set(session.execute(_QUEUES, {"p_keys": list(keys)}).all())


def due(session: Session, partitions: set[int]) -> Sequence[Row]:
    """What is tried now: as `queueing.due` decides."""
    return session.execute(_DUE, {"p_now": clock.now(), "p_partitions": list(partitions)}).all()


def put_off(session: Session, handler: Handler, envelope: Envelope, partition: int, error: Exception | None) -> None:
    """Has an event wait: behind the others of its key, or for its own next attempt when it has just failed."""
    attempts = 1 if error else 0
    _insert(session, handler, envelope, partition, "waiting", attempts, error)
    log.warning("event waits", handler=handler.name, event_id=envelope.id, error=describe(error))


def park(session: Session, handler: Handler, envelope: Envelope, partition: int, error: Exception) -> None:
    """Puts an event aside for good; somebody has to look at it."""
    _insert(session, handler, envelope, partition, "parked", queueing.MAX_ATTEMPTS, error)
    log.error("event parked", handler=handler.name, event_id=envelope.id, error=describe(error))


def describe(error: Exception | None) -> str | None:
    """Type and first line only: an error's text may quote what it failed on."""
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}" if error else None


class Waiting:
    """Runs what is due, the eldest of each handler and key first."""

    def __init__(self, database: Database, handlers: Handlers):
        self.database, self.handlers = database, handlers
        self._look_at = 0.0

    def step(self, partitions: set[int]) -> int:
        """Tries every event that is due in these partitions once, if it is time to look; how many there were."""
        now = time.monotonic()
        if now < self._look_at:
            return 0
        with self.database.reading() as session:
            rows = due(session, partitions)
        self._look_at = now if rows else now + LOOK_SECONDS
        for row in rows:
            self._try(row)
        return len(rows)

    def _try(self, row) -> None:
        """Counts the attempt first, so that an event that kills the process is parked in the end as well."""
        if not self._count(row):
            return
        try:
            with self.database.transaction() as session:
                if session.execute(delete(waiting).where(*_as_counted(row))).rowcount == 0:
                    return  # another process was quicker
                self.handlers.named(row.handler).run(session, Envelope.from_json(row.envelope))
        except Exception as error:
            if is_passing(error):
                raise
            self._fail(row, error)

    def _count(self, row) -> bool:
        with self.database.transaction() as session:
            done = session.execute(
                update(waiting)
                .where(waiting.c.id == row.id, waiting.c.attempts == row.attempts)
                .where(waiting.c.envelope == row.envelope)
                .values(attempts=row.attempts + 1, run_at=clock.now() + pause(row.attempts + 1))
            )
            if done.rowcount == 1 and not queueing.may_try(row.attempts):
                session.execute(update(waiting).where(waiting.c.id == row.id).values(state="parked"))
                log.error("event parked", handler=row.handler, error=row.last_error)
        return done.rowcount == 1 and queueing.may_try(row.attempts)

    def _fail(self, row, error: Exception) -> None:
        with self.database.transaction() as session:
            session.execute(update(waiting).where(waiting.c.id == row.id).values(last_error=describe(error)))
        log.warning("event waits on", handler=row.handler, attempts=row.attempts + 1, error=describe(error))


def _as_counted(row) -> tuple:
    """As `queueing.may_run` decides."""
    return waiting.c.id == row.id, waiting.c.attempts == row.attempts + 1, waiting.c.envelope == row.envelope


def pause(attempts: int) -> timedelta:
    """The pause after so many attempts."""
    return timedelta(seconds=queueing.pause_seconds(attempts))


def _insert(session: Session, handler: Handler, envelope: Envelope, partition: int, state: str, attempts: int, error):
    now = clock.now()
    row = {
        "handler": handler.name,
        "key": envelope.key,
        "partition": partition,
        "state": state,
        "attempts": attempts,
        "last_error": describe(error),
        "run_at": now + pause(attempts) if error else now,
        "envelope": envelope.to_json(),
        "created_at": now,
        "replay": envelope.replay,
    }
    session.execute(insert(waiting).values(row))
