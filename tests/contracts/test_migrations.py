"""Every migration of every service on a database with rows: up and down, step by step, nothing lost on the way."""

import importlib
import itertools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from shared.bus.tables import metadata as bus_tables
from shared.database import Database, migrator
from shared.identity.revocations import revocations
from shared.web.idempotency import answers
from tests.contracts.apps import SETTINGS
from tests.contracts.rows import add_rows, all_rows, lost, tables_of

SERVICES = [cls.service for cls in SETTINGS]


@pytest.fixture(params=SERVICES)
def service(request) -> str:
    return request.param


@pytest.fixture
def database(service, database_url) -> Iterator[Database]:
    """An empty database for the service."""
    database = Database(migrations=f"services/{service}/migrations").connect(database_url)
    yield database
    database.dispose()


@pytest.fixture
def counter() -> Iterator[int]:
    """Numbers beyond those of the rows that migrations themselves put in."""
    return itertools.count(1000)


def revisions(database: Database) -> list[str]:
    """Every revision, each after those that it builds on."""
    script = ScriptDirectory.from_config(migrator.alembic_config(database))
    return [one.revision for one in script.walk_revisions("base", "heads")][::-1]


def places_to_go_back_to(database: Database, service: str) -> list[str]:
    """Every revision that others build on, and the beginning of both branches."""
    script = ScriptDirectory.from_config(migrator.alembic_config(database))
    older = [one.revision for one in script.walk_revisions("base", "heads") if one.nextrev]
    return [*older, "shared@base", f"{service}@base"]


def models_of(service: str) -> list[sa.MetaData]:
    """What the service's code takes its tables to be."""
    module = importlib.util.find_spec(f"services.{service}.models")
    if module is None:  # a small service
        own = importlib.import_module(f"services.{service}.app").service.Model
    else:
        own = importlib.import_module(f"services.{service}.models").Base
    return [own.metadata, bus_tables, revocations.metadata, answers.metadata]


def differences(database: Database, service: str) -> list:
    """Where the schema is not what the models say."""
    with database.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), models_of(service))


def test_rows_written_at_any_revision_reach_the_head_unchanged(database, counter):
    for revision in revisions(database):
        before = all_rows(database)
        migrator.upgrade(database, revision)
        assert lost(before, all_rows(database)) == [], revision
        assert add_rows(database, counter) > 0
    assert all(len(rows) >= 2 for rows in all_rows(database).values())


def test_what_is_still_there_after_a_step_back_stays_there_on_the_way_up_again(database, service, counter):
    migrator.upgrade(database)
    for target in places_to_go_back_to(database, service):
        add_rows(database, counter)
        before = all_rows(database)
        migrator.downgrade(database, target)
        older = all_rows(database)
        assert lost(before, older) == [], target
        migrator.upgrade(database)
        assert lost(older, all_rows(database)) == [], target
        assert differences(database, service) == [], target


def test_every_step_back_can_be_taken_with_rows_down_to_nothing(database, service, counter):
    migrator.upgrade(database)
    add_rows(database, counter)
    for branch in (service, "shared"):
        migrator.downgrade(database, f"{branch}@base")
    assert tables_of(database) == []


def test_the_schema_at_the_head_is_what_the_models_say(database, service):
    migrator.upgrade(database)
    assert differences(database, service) == []
    with database.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE outbox ADD COLUMN colour TEXT"))
    assert [change[0] for change in differences(database, service)] == ["remove_column"]


def test_a_row_that_is_gone_or_changed_is_reported():
    before = {"mails": [{"id": 1, "to": "ada"}, {"id": 2, "to": "bob"}], "old": [{"id": 1}]}
    after = {"mails": [{"id": 1, "to": "ada", "colour": "red"}, {"id": 2, "to": "eve", "colour": "red"}]}
    assert lost(before, after) == ["mails: {'id': 2, 'to': 'bob'}"]
    assert len(lost(before, {"mails": []})) == 2
