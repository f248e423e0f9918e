"""Migrations: up, down, two at once; what they make is what the code expects."""

import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shared.bus.tables import metadata
from shared.database import Database, migrator


@pytest.fixture
def database(database_url):
    database = Database().connect(database_url)
    yield database
    database.dispose()


def test_the_plumbing_goes_up_and_down_and_up_again(database):
    migrator.upgrade(database)
    assert "outbox" in sa.inspect(database.engine).get_table_names()
    migrator.downgrade(database, "shared@base")
    assert sa.inspect(database.engine).get_table_names() == ["alembic_version"]
    migrator.upgrade(database)
    assert "outbox" in sa.inspect(database.engine).get_table_names()


def test_two_migrations_at_once_do_no_harm(database, database_url):
    errors = []

    def upgrade():
        own = Database().connect(database_url)
        try:
            migrator.upgrade(own)
        except Exception as error:
            errors.append(error)
        finally:
            own.dispose()

    threads = [threading.Thread(target=upgrade) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.slow
def test_a_migration_waits_for_one_that_takes_longer_than_a_request_may(tmp_path, monkeypatch):
    monkeypatch.undo()  # a request's statements wait no longer than in production
    database = Database().connect(f"sqlite:///{tmp_path}/test.db")
    other = Database().connect(f"sqlite:///{tmp_path}/test.db")
    migration = threading.Thread(target=migrator.upgrade, args=[database])
    with other.transaction() as session:
        session.execute(sa.text("CREATE TABLE taking_long (id INTEGER)"))
        migration.start()
        migration.join(6)  # a request gives up after five seconds
        assert migration.is_alive()
    migration.join(120)
    assert "outbox" in sa.inspect(other.engine).get_table_names()
    database.dispose()
    other.dispose()


def test_the_bus_tables_are_those_that_the_code_knows(database):
    migrator.upgrade(database)
    ours = set(metadata.tables)

    def is_ours(_object, name, kind, _reflected, _compared):
        return kind != "table" or name in ours

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        assert compare_metadata(context, metadata) == []
