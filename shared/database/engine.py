"""Opens an engine with the settings under which a committed write survives power loss."""

import time
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InvalidatePoolError

LOCK_SECONDS = 5
"""So long a statement waits for a lock that another holds."""
SQLITE_PRAGMAS = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-20000",
    "temp_store=MEMORY",
    "mmap_size=0",
)
WRITE, READ = "BEGIN IMMEDIATE", "BEGIN"


def open_engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine for a sqlite: or postgresql: URL; raises ValueError for any other."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, pool_size)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgres(parsed, pool_size)
    raise ValueError(f"DATABASE_URL names {parsed.get_backend_name()}; sqlite and postgresql are supported.")


def sqlite_driver() -> Any:
    """The newest SQLite at hand: pysqlite3 bundles one without the WAL-reset bug of 3.7.0 to 3.51.2."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:  # no wheel for this platform
        from sqlite3 import dbapi2
    return dbapi2


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _from_json(stored: Any) -> Any:
    """SQLite keeps a number that stands alone in a JSON column as a number, not as text."""
    return stored if isinstance(stored, int | float) else orjson.loads(stored)


def _open_sqlite(url: URL, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        module=sqlite_driver(),
        pool_size=pool_size,
        max_overflow=10,
        hide_parameters=True,  # an error's text goes to the logs: no address, no hash
        json_serializer=_to_json,
        json_deserializer=_from_json,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection, _record):
        connection.isolation_level = None  # we say BEGIN ourselves: the driver would begin too late
        _write_ahead(connection)
        for pragma in (f"busy_timeout={LOCK_SECONDS * 1000}", *SQLITE_PRAGMAS):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", WRITE))

    return engine


def _write_ahead(connection: Any) -> None:
    """Has a database log its writes ahead; a new one that another connection turns at this moment waits its turn.

    SQLite's own busy timeout does not count for this: of two that turn a database at once one fails at once.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite_driver().OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _open_postgres(url: URL, pool_size: int) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=10,
        hide_parameters=True,  # an error's text goes to the logs: no address, no hash
        pool_recycle=1800,
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
        connect_args={
            "connect_timeout": 5,
            "tcp_user_timeout": 15_000,  # milliseconds; a network that swallows everything holds no loop for ever
            "keepalives_idle": 5,
            "keepalives_interval": 5,
            "keepalives_count": 2,
            "options": "-c idle_in_transaction_session_timeout=30000 -c timezone=UTC"
            f" -c lock_timeout={LOCK_SECONDS * 1000}",
        },
    )
    _leave_no_pipeline_open(engine)
    _give_out_none_that_has_ended(engine)
    return engine


def _give_out_none_that_has_ended(engine: Engine) -> None:
    """Has connections that the server has ended in the pool made anew before anybody is given one.

    No question is sent: all that a server says unasked to an idle connection is that it is over, and the kernel knows.
    """

    lost = engine.dialect.dbapi.OperationalError

    @event.listens_for(engine, "checkout")
    def look(connection, _record, _proxy):
        try:
            connection.pgconn.consume_input()  # its last words, where it had any
            connection.pgconn.consume_input()  # the end of the stream behind them
        except lost as error:
            raise InvalidatePoolError from error


def _leave_no_pipeline_open(engine: Engine) -> None:
    """Has many rows written by one statement, or by one after the other, never by the driver's pipeline.

    The pipeline's last message makes PostgreSQL forget its watch over idle transactions until the next statement: a
    process that is stopped there would keep its locks for as long as it lives.
    """
    engine.dialect.use_insertmanyvalues_wo_returning = True
    engine.dialect.supports_sane_multi_rowcount = False  # the count is the last statement's

    @event.listens_for(engine, "do_executemany")
    def one_after_the_other(cursor, statement, parameters, _context):
        for values in parameters:
            cursor.execute(statement, values)
        return True
