"""Two instances on one database agree on the schema within one transaction, though neither tells the other."""

import threading

import pytest
from sqlalchemy import select, text

from services.data.actions import collections, lists, records
from services.data.errors import CollectionNotFound, RecordInvalid
from services.data.schema import snapshots
from services.data.schema.fields import FieldDefinition, Rules
from shared.bus.tables import outbox
from shared.database import Database
from shared.events import Envelope, decode
from shared.problems import Unauthenticated

OPEN = Rules(list="true", view="true", create="true", update="true", delete="true")
TITLE = FieldDefinition(name="title", type="text")


@pytest.fixture
def other(database, database_url):
    """A second instance's connection to the same database."""
    other = Database().connect(database_url)
    yield other
    other.dispose()


def define(database, name="things", rules=OPEN):
    with database.transaction() as session:
        return collections.create(session, name=name, fields=[TITLE], rules=rules)


def add(database, **given):
    with database.transaction() as session:
        return records.create(session, collection_name="things", given=given, me=None).record


def listed(database) -> list[dict]:
    with database.reading() as session:
        page = lists.page(
            session,
            collection_name="things",
            filter_text=None,
            sort=None,
            limit=50,
            after=None,
            is_counted=False,
            me=None,
        )
    return page.records


def change(database, *fields: FieldDefinition, **rules):
    with database.transaction() as session:
        collections.change(session, name="things", rules=rules, new_fields=fields, matches=lambda version: True)


def test_what_one_instance_changes_the_other_knows_at_once(database, other):
    define(database)
    first = add(other, title="a")
    change(other, FieldDefinition(name="size", type="integer"))
    second = add(database, title="b", size=1)
    assert [row.get("size") for row in listed(other)] == [None, 1]
    assert (first.get("size"), second["size"]) == (None, 1)
    change(database, create=None)
    with pytest.raises(Unauthenticated):
        add(other, title="c")
    with database.transaction() as session:
        collections.remove(session, name="things", matches=lambda version: True)
    with pytest.raises(CollectionNotFound):
        listed(other)


def test_a_change_that_is_rolled_back_is_known_to_nobody(database, other):
    define(database)
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        collections.change(
            session,
            name="things",
            rules={},
            new_fields=[FieldDefinition(name="size", type="integer")],
            matches=lambda version: True,
        )
        assert "size" in snapshots.current(session).collection("things").fields
        raise ZeroDivisionError
    for one in (database, other):
        with pytest.raises(RecordInvalid):
            add(one, size=1)


def test_an_unchanged_schema_costs_one_query(database):
    define(database)
    with database.reading() as session:
        first = snapshots.current(session)
    with database.reading() as session:
        assert snapshots.current(session) is first


def test_no_record_is_written_under_rules_that_are_no_longer_in_force(database, other):
    """Writers race with one who changes the rules; the events show that each wrote under the rules of its moment."""
    define(database)
    stop, failures = threading.Event(), []

    def write(instance: Database) -> None:
        try:
            while not stop.wait(0.005):  # else SQLite might never let the other one write
                add(instance, title="x")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=[instance]) for instance in (database, other)]
    for thread in threads:
        thread.start()
    for number in range(10):
        change(database, FieldDefinition(name=f"f{number}", type="integer"), view="true")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    version = None
    for event in told(database):
        if type(event).__name__ == "CollectionChanged":
            version = event.rules_version
        else:
            assert event.rules_version == version
            assert len(event.after) == 5 + version - first_version(database)


def between_questions(monkeypatch, act) -> None:
    """Has `act` happen once, after a read has asked for the schema and before it asks for rows."""
    ask = snapshots.current

    def ask_then_act(session):
        schema = ask(session)
        monkeypatch.setattr(snapshots, "current", ask)
        act()
        return schema

    monkeypatch.setattr(snapshots, "current", ask_then_act)


def test_rows_that_were_chosen_under_other_rules_are_not_shown(database, other, monkeypatch):
    define(database)
    add(database, title="public")

    def hide_then_add() -> None:
        change(other, list='title = "public"')
        add(other, title="secret")

    between_questions(monkeypatch, hide_then_add)
    assert [row["title"] for row in listed(database)] == ["public"]


def test_a_table_that_goes_while_it_is_read_is_no_error(database, other, monkeypatch):
    define(database)

    def remove() -> None:
        with other.transaction() as session:
            collections.remove(session, name="things", matches=lambda version: True)

    between_questions(monkeypatch, remove)
    if database.dialect == "sqlite":
        assert listed(database) == []  # its snapshot is older
    else:
        with pytest.raises(CollectionNotFound):
            listed(database)


def told(database):
    with database.reading() as session:
        for envelope in session.scalars(select(outbox.c.envelope).order_by(outbox.c.seq)).all():
            yield decode(Envelope.from_json(envelope))


def first_version(database) -> int:
    return next(told(database)).rules_version


def test_a_writer_holds_the_schema_until_it_has_committed(database, other):
    define(database)
    if database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time by itself")
    with database.transaction() as session:
        records.create(session, collection_name="things", given={"title": "a"}, me=None)
        with other.transaction() as late:
            late.execute(text("SET LOCAL lock_timeout = '100ms'"))
            with pytest.raises(Exception, match="lock timeout"):
                snapshots.locked(late)
            late.rollback()
