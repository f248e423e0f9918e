"""PostgreSQL databases dumped as of one moment, and loaded into another place whole or not at all."""

import psycopg
import pytest

from quintet.backup import postgres_dumps, service_databases
from quintet.failing import Failed


@pytest.fixture
def accounts(postgres_server, postgres_url) -> str:
    """The URL of a database with some rows of every kind."""
    with psycopg.connect(postgres_url) as connection:
        columns = "id serial PRIMARY KEY, email text, seen timestamptz, x float, b bytea"
        connection.execute(f"CREATE TABLE accounts ({columns})")
        connection.execute('CREATE TABLE "an ""odd"" one" (value jsonb)')
        rows = "SELECT 'p' || n, now(), random(), '\\x00ff' FROM generate_series(1, 500) n"
        connection.execute(f"INSERT INTO accounts (email, seen, x, b) {rows}")
        connection.execute("""INSERT INTO "an ""odd"" one" VALUES ('{"text": "two\\nlines\\tand a tab"}')""")
    return postgres_url


def test_a_dump_holds_its_moment_and_loads_to_the_same_sums(postgres_server, accounts, tmp_path):
    source = postgres_dumps.PostgresSource(accounts, postgres_server.bin)
    with psycopg.connect(accounts) as connection:
        connection.execute("INSERT INTO accounts (email) VALUES ('late')")
        connection.execute("DELETE FROM accounts WHERE id <= 10")
    told, _ = source.copy(tmp_path / "one.dump", lambda *_: None)
    source.close()
    assert told["accounts"].rows == 500
    assert told.keys() == {"accounts", 'an "odd" one'}
    target = postgres_server.new_database()
    try:
        postgres_dumps.load(tmp_path / "one.dump", target, postgres_server.bin)
        assert postgres_dumps.sums(target) == told
        assert postgres_dumps.sums(accounts)["accounts"] != told["accounts"]
    finally:
        postgres_server.drop_database(target)


@pytest.fixture
def elsewhere(monkeypatch):
    """Every dump seems to be of a server of another version."""
    monkeypatch.setattr(postgres_dumps, "_dumped_from", lambda *_: "15.20")


def test_a_dump_of_another_version_loads_to_the_same_sums(postgres_server, accounts, tmp_path, elsewhere):
    with psycopg.connect(accounts) as connection:
        connection.execute("INSERT INTO accounts (email) VALUES ('SET transaction_timeout = 0;')")
    source = postgres_dumps.PostgresSource(accounts, postgres_server.bin)
    told, _ = source.copy(tmp_path / "one.dump", lambda *_: None)
    source.close()
    target = postgres_server.new_database()
    try:
        postgres_dumps.load(tmp_path / "one.dump", target, postgres_server.bin)
        assert postgres_dumps.sums(target) == told
        with pytest.raises(Failed, match="already exists"):
            postgres_dumps.load(tmp_path / "one.dump", target, postgres_server.bin)
        assert postgres_dumps.sums(target) == told
    finally:
        postgres_server.drop_database(target)


def test_what_one_version_alone_understands_is_left_out_and_no_row():
    lines = [b"SET transaction_timeout = 0;\n", b"ALTER TABLE ONLY public.a ALTER COLUMN b SET (pg_attver=1);\n"]
    kept = [b"SET lock_timeout = 0;\n", b"ALTER TABLE ONLY public.a ALTER COLUMN b SET DEFAULT 1;\n"]
    assert list(postgres_dumps.portable([*lines, *kept])) == kept
    assert list(postgres_dumps.portable([*lines, *lines], top=2)) == lines


def test_a_dump_that_can_not_be_loaded_whole_leaves_nothing(postgres_server, accounts, tmp_path):
    source = postgres_dumps.PostgresSource(accounts, postgres_server.bin)
    source.copy(tmp_path / "one.dump", lambda *_: None)
    source.close()
    target = postgres_server.new_database()
    try:
        with psycopg.connect(target) as connection:
            connection.execute('CREATE TABLE "an ""odd"" one" (in_the_way int)')
        with pytest.raises(Failed, match="already exists"):
            postgres_dumps.load(tmp_path / "one.dump", target, postgres_server.bin)
        assert postgres_dumps.sums(target).keys() == {'an "odd" one'}
    finally:
        postgres_server.drop_database(target)


def test_a_database_takes_another_s_place_though_it_is_in_use(postgres_server, accounts):
    server, name = accounts.rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin, psycopg.connect(accounts) as user:
        user.execute("SELECT 1")
        service_databases.create_empty(admin, f"{name}_fresh", owner="postgres")
        before = service_databases.take_place(admin, f"{name}_fresh", name)
        try:
            assert postgres_dumps.sums(accounts) == {}
            assert postgres_dumps.sums(f"{server}/{before}")["accounts"].rows == 500
        finally:
            postgres_server.drop_database(f"{server}/{before}")
        with pytest.raises(psycopg.OperationalError):
            user.execute("SELECT 1")


def test_a_server_that_is_away_is_said_without_the_password():
    with pytest.raises(Failed) as told:
        postgres_dumps.sums("postgresql://data:secret-word@127.0.0.1:1/data")
    assert "secret-word" not in told.value.format_message()
