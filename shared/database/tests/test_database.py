"""A unit of work commits whole or not at all, and means the same on both databases."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import psutil
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError

from shared.database import Database, Id, JsonDocument, Timestamp, after_commit
from shared.database.engine import open_engine
from shared.database.errors import is_passing
from shared.testing import eventually
from shared.testing.proxy import Proxy

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False, default=0),
    sa.Column("at", Timestamp),
    sa.Column("extra", JsonDocument),
    sa.Column("uid", Id),
)


@pytest.fixture
def database(database_url):
    database = Database().connect(database_url)
    things.metadata.create_all(database.engine)
    yield database
    database.dispose()


def test_a_hundred_concurrent_increments_lose_none(database):
    with database.transaction() as session:
        session.execute(sa.insert(things).values(name="a", count=0))

    def increment():
        for _ in range(25):
            with database.transaction() as session:
                wanted = sa.select(things.c.count).where(things.c.name == "a").with_for_update()
                count = session.scalar(wanted)
                session.execute(sa.update(things).values(count=count + 1))

    threads = [threading.Thread(target=increment) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.scalar(sa.select(things.c.count)) == 100


@pytest.mark.parametrize("document", [1e308, 7, "7", True, None, [1.5], {"a": 2**63 - 1}])
def test_any_json_value_comes_back_also_one_that_is_a_number_alone(database, document):
    with database.transaction() as session:
        session.execute(sa.insert(things).values(name="a", extra=document))
    with database.reading() as session:
        assert session.scalar(sa.select(things.c.extra)) == document


def test_what_hangs_on_a_commit_happens_once_and_only_after_it(database):
    acts = []

    def act():
        acts.append("acted")

    with pytest.raises(IntegrityError), database.transaction() as session:
        after_commit(session, act)
        session.execute(sa.insert(things), [{"name": "a"}, {"name": "a"}])
    assert acts == []
    with database.transaction() as session:
        after_commit(session, act)
        after_commit(session, act)
        session.execute(sa.insert(things).values(name="a"))
        assert acts == []
    assert acts == ["acted"]


def test_a_unit_that_runs_no_statement_opens_no_transaction(database):
    begun = []
    sa.event.listen(database.engine, "begin", begun.append)
    with database.transaction():
        pass
    assert begun == []


def test_an_instant_comes_back_in_utc_with_its_microseconds(database):
    instant = datetime(2026, 3, 1, 23, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
    with database.transaction() as session:
        session.execute(sa.insert(things).values(name="a", at=instant, extra={"b": [1, None]}, uid=None))
    with database.reading() as session:
        row = session.execute(sa.select(things)).one()
        assert row.at == instant and row.at.tzinfo is UTC and row.extra == {"b": [1, None]}
        assert session.scalar(sa.select(things.c.name).where(things.c.at == instant)) == "a"


def test_an_instant_without_a_zone_is_refused(database):
    with pytest.raises(StatementError, match="not an instant"), database.transaction() as session:
        session.execute(sa.insert(things).values(name="a", at=datetime(2026, 3, 1)))


def test_a_locked_database_is_a_passing_error_and_a_missing_table_is_not(tmp_path):
    url = f"sqlite:///{tmp_path}/test.db"
    holder, other = Database().connect(url), Database().connect(url)
    things.metadata.create_all(holder.engine)
    with other.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")
        connection.rollback()
        with holder.transaction() as session, pytest.raises(OperationalError) as locked:
            session.execute(sa.insert(things).values(name="a"))
            connection.execute(sa.insert(things).values(name="b"))
    assert is_passing(locked.value)
    with pytest.raises(OperationalError) as missing, other.reading() as session:
        session.execute(sa.text("SELECT 1 FROM nothing"))
    assert not is_passing(missing.value)
    holder.dispose()
    other.dispose()


def test_a_server_that_is_away_is_a_passing_error():
    away = Database().connect("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(OperationalError) as error:
        away.ping()
    assert is_passing(error.value)


PID = sa.text("SELECT pg_backend_pid()")
MANY = {
    "inserted": (sa.insert(things), [{"name": name, "count": 1} for name in "ab"]),
    "changed": (
        sa.update(things).where(things.c.name == sa.bindparam("of")).values(count=sa.bindparam("to")),
        [{"of": name, "to": 2} for name in "ab"],
    ),
}


@pytest.mark.parametrize(("statement", "rows"), MANY.values(), ids=MANY)
def test_postgresql_ends_a_transaction_that_stands_still_after_many_rows(postgres_url, statement, rows):
    stopped, onlooker = open_engine(postgres_url), open_engine(postgres_url)
    things.metadata.create_all(onlooker)
    alive = sa.text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
    with stopped.connect() as connection, onlooker.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 2000")
        pid = connection.scalar(PID)
        connection.commit()
        connection.execute(statement, rows)
        eventually(lambda: other.scalar(alive, {"pid": pid}) == 0)
        connection.invalidate()
    stopped.dispose()
    onlooker.dispose()


@pytest.fixture
def proxy(postgres_url):
    url = sa.make_url(postgres_url)
    with Proxy((url.host, url.port)) as proxy:
        yield proxy


@pytest.fixture
def pooled(postgres_url, proxy):
    """An engine with two connections in its pool, made through the proxy."""
    engine = open_engine(sa.make_url(postgres_url).set(port=proxy.port).render_as_string(hide_password=False))
    two_of(engine)
    yield engine
    engine.dispose()


def two_of(engine) -> set[int]:
    """The server's processes of two connections."""
    with engine.connect() as one, engine.connect() as other:
        return {one.scalar(PID), other.scalar(PID)}


def test_connections_that_the_server_ended_in_the_pool_are_given_to_nobody(pooled, proxy, postgres_url):
    before, onlooker = two_of(pooled), open_engine(postgres_url)
    with onlooker.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        for pid in before:
            assert other.scalar(sa.text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": pid})
    eventually(lambda: not connected_to(proxy.port))
    assert not two_of(pooled) & before
    onlooker.dispose()


def test_connections_that_were_cut_without_a_word_are_given_to_nobody(pooled, proxy):
    before = two_of(pooled)
    assert proxy.cut() == 2
    eventually(lambda: not connected_to(proxy.port))
    assert not two_of(pooled) & before


def connected_to(port: int) -> list:
    """This process's connections to a port that have not heard of their end."""
    known = psutil.Process().net_connections("tcp")
    return [one for one in known if one.raddr and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED]


def test_to_see_whether_a_connection_has_ended_asks_the_server_nothing(pooled, proxy):
    before = two_of(pooled)
    proxy.hang()
    with pooled.connect() as connection:
        assert connection.connection.dbapi_connection.info.backend_pid in before
    proxy.mend()


def test_sqlite_writes_survive_power_loss_by_default(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/test.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


def test_an_unknown_database_is_refused():
    with pytest.raises(ValueError, match="sqlite and postgresql"):
        open_engine("mysql://localhost/x")


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (psycopg.OperationalError("connection refused"), True),
        (psycopg.errors.ConnectionTimeout("connection timeout expired"), True),
        (psycopg.errors.DiskFull("could not extend file"), True),
        (psycopg.errors.UndefinedTable("no such table"), False),
        (psycopg.InterfaceError("the connection is closed"), False),
    ],
)
def test_what_postgresql_says_of_itself_passes_and_a_mistake_in_a_statement_does_not(error, passes):
    assert is_passing(DBAPIError("SELECT 1", {}, error)) is passes
