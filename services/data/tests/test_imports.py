"""Imports: a CSV becomes records all at once, or not at all and the import says why."""

import pytest
from sqlalchemy import event, func, select

from services.data import errors, handlers, housekeeping
from services.data.models import ImportRow
from services.data.tests.people import AIRPORTS, ANC, made, rows
from shared.events.data import ImportFinished, ImportProgressed, ImportRequested, RecordChanged
from shared.events.worker import ImportRowsRead, ImportUnreadable
from shared.identity.problems import AdminsOnly
from shared.ids import new_id
from shared.testing.identity import assert_problem
from shared.web.errors import IdempotencyKeyReused

CSV = b"iata,name\nANC,Ted Stevens\n"


def imports(
    person, content: bytes = CSV, type_: str = "text/csv", collection: str = "airports", key: str | None = None
):
    path, headers = f"/v1/data/collections/{collection}/imports", {"Content-Type": type_}
    return person.asks("POST", path, data=content, headers=headers | ({"Idempotency-Key": key} if key else {}))


@pytest.fixture
def begun(admin, airports) -> dict:
    """An import that has been asked for."""
    answer = imports(admin)
    assert answer.status_code == 202, answer.get_json()
    return answer.get_json()


@pytest.fixture
def reads(database, begun):
    """The worker reads rows of the import."""

    def read(*found: dict, first_line: int = 2, is_last: bool = True) -> None:
        event = ImportRowsRead(import_id=begun["id"], first_line=first_line, rows=list(found), is_last=is_last)
        with database.transaction() as session:
            handlers.stage_rows(session, event, None)

    return read


@pytest.fixture
def shown(admin, begun):
    def show() -> dict:
        return admin.gets(f"/v1/data/imports/{begun['id']}").get_json()

    return show


def row(iata: str, **more: str) -> dict[str, str]:
    return {"iata": iata, "name": iata.lower(), "state": "AK", "latitude": "61.5", "city": "", **more}


def staged(database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(ImportRow))


def test_an_import_is_taken_and_the_worker_asked_to_read_it(admin, airports, announced, store):
    announced()
    answer = imports(admin)
    begun = answer.get_json()
    assert answer.headers["Location"] == f"/v1/data/imports/{begun['id']}"
    assert (answer.status_code, begun["job_id"], begun["state"]) == (202, begun["id"], "queued")
    (event,) = announced()
    assert isinstance(event, ImportRequested)
    assert (event.import_id, event.collection, event.owner_id) == (begun["id"], "airports", admin.id)
    with store.open(event.storage_key) as file:
        assert file.read() == CSV


def test_an_import_that_is_sent_again_under_its_key_is_the_same_import(admin, airports, announced):
    announced()
    first, again, other = (imports(admin, content, key="k1") for content in (CSV, CSV, CSV + b"FAI,Fairbanks\n"))
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.get_json() == first.get_json() and again.headers["Idempotency-Replayed"] == "true"
    assert_problem(other, IdempotencyKeyReused)
    assert len(announced()) == 1


def test_rows_become_records_after_the_last_has_come(admin, airports, begun, reads, shown, announced, database):
    announced()
    reads(row("ANC"), row("FAI"), is_last=False)
    assert rows(admin.lists(airports)) == []
    assert (shown()["state"], shown()["rows_staged"]) == ("running", 2)
    assert announced() == [ImportProgressed(import_id=begun["id"], rows_staged=2)]
    reads(row("JNU", longitude="-134.5"), first_line=4)
    found = rows(admin.lists(airports, sort="iata"))
    assert [one["iata"] for one in found] == ["ANC", "FAI", "JNU"]
    assert found[2] == {
        **found[2],
        "name": "jnu",
        "city": None,
        "latitude": 61.5,
        "longitude": -134.5,
        "owner": admin.id,
        "version": 1,
    }
    progressed, *changes, finished = announced()
    assert progressed == ImportProgressed(import_id=begun["id"], rows_staged=3)
    assert [(type(one), one.change, one.after) for one in changes] == [
        (RecordChanged, "created", one) for one in sorted(found, key=lambda one: one["id"])
    ]
    assert finished == ImportFinished(import_id=begun["id"], rows_written=3, problem=None)
    ended = shown()
    assert (ended["state"], ended["rows_written"], ended["problem"]) == ("succeeded", 3, None)
    assert staged(database) == 0


def assert_failed(shown: dict, announced: list, code: str, line: int | None) -> dict:
    """The import says what was wrong, and so does the last thing that was announced."""
    assert (shown["state"], shown["rows_written"], shown["problem"]["code"]) == ("failed", 0, code)
    assert shown["problem"].get("line") == line
    assert announced[-1] == ImportFinished(import_id=shown["id"], rows_written=0, problem=shown["problem"])
    assert not [event for event in announced if isinstance(event, RecordChanged)]
    return shown["problem"]


@pytest.mark.parametrize(
    ("broken", "pointer"),
    [
        (row("FAI", latitude="north"), "#/latitude"),
        (row("", name="nameless"), "#/iata"),
        (row("TOO LONG"), "#/iata"),
        (row("FAI", colour="red"), "#/colour"),
        (row("FAI", photo="x"), "#/photo"),
        (row("FAI", id=new_id()), "#/id"),
    ],
)
def test_a_broken_row_ends_the_import_with_nothing_written(
    admin, airports, reads, shown, announced, database, broken, pointer
):
    reads(row("ANC"), is_last=False)
    announced()
    reads(row("JNU"), broken, first_line=3, is_last=False)
    problem = assert_failed(shown(), announced(), "import_row_invalid", 4)
    assert problem["errors"][0]["pointer"] == pointer
    assert staged(database) == 0
    reads(row("SIT"), first_line=5)
    assert announced() == []
    assert rows(admin.lists(airports)) == []


def test_a_row_that_repeats_another_ends_the_import_with_nothing_written(admin, airports, reads, shown, announced):
    reads(row("ANC"), row("FAI"), row("ANC"))
    problem = assert_failed(shown(), announced(), "import_value_taken", 4)
    assert problem["errors"][0]["pointer"] == "#/iata"
    assert rows(admin.lists(airports)) == []


def test_a_row_that_repeats_a_record_ends_the_import_with_nothing_written(admin, airports, reads, shown, announced):
    there = made(admin.creates(airports, **ANC))
    announced()
    reads(row("FAI"), row("ANC"))
    assert_failed(shown(), announced(), "import_value_taken", 3)
    assert rows(admin.lists(airports)) == [there]


def test_an_import_that_is_too_long_is_refused(monkeypatch, reads, shown, announced):
    monkeypatch.setattr("services.data.actions.imports.MAX_ROWS", 2)
    reads(row("ANC"), row("FAI"), is_last=False)
    reads(row("JNU"), first_line=4)
    assert_failed(shown(), announced(), "import_too_long", None)


def test_a_file_that_can_not_be_read_ends_the_import(database, begun, shown, announced):
    problem = {"code": "csv_malformed", "status": 422, "title": "Csv malformed", "line": 7}
    with database.transaction() as session:
        handlers.give_up_import(session, ImportUnreadable(import_id=begun["id"], problem=problem), None)
    assert_failed(shown(), announced(), "csv_malformed", 7)


def test_an_import_into_a_collection_that_was_made_anew_fails(admin, airports, reads, shown, announced):
    admin.asks("DELETE", "/v1/data/collections/airports")
    made(admin.defines(AIRPORTS))
    reads(row("ANC"))
    assert_failed(shown(), announced(), "import_collection_gone", None)


def test_a_relation_in_a_row_names_a_record_that_is_there(admin, airports, reads, shown, announced):
    hub = {"fields": [{"name": "hub", "type": "relation", "collection": "airports"}]}
    admin.asks("PATCH", "/v1/data/collections/airports", json=hub)
    there = made(admin.creates(airports, **ANC))
    announced()
    reads(row("FAI", hub=there["id"]), row("JNU", hub=new_id()))
    problem = assert_failed(shown(), announced(), "import_row_invalid", 3)
    assert problem["errors"][0]["pointer"] == "#/hub"


def test_an_import_with_good_relations_is_written(admin, airports, reads, shown):
    hub = {"fields": [{"name": "hub", "type": "relation", "collection": "airports"}]}
    admin.asks("PATCH", "/v1/data/collections/airports", json=hub)
    there = made(admin.creates(airports, **ANC))
    reads(row("FAI", hub=there["id"]), row("JNU"))
    assert shown()["rows_written"] == 2


def test_the_file_of_an_import_goes_when_it_has_ended(database, store, reads):
    def sweep() -> int:
        with database.transaction() as session:
            return housekeeping.pruner(store)(session)

    assert sweep() == 0
    reads(row("ANC"))
    assert sweep() == 1


def test_only_an_admin_imports_and_only_csv(ada, admin, airports, store):
    assert_problem(imports(ada), AdminsOnly)
    assert_problem(imports(admin, type_="application/json"), errors.ImportTypeRefused)
    assert_problem(imports(admin, b""), errors.FileEmpty)
    assert_problem(imports(admin, b"\xff\xfe"), errors.FileTypeMismatch)
    assert_problem(imports(admin, b"a" * 100_001), errors.FileTooLarge)
    assert_problem(imports(admin, collection="nothing"), errors.CollectionNotFound)
    assert not [path for path in store.folder.rglob("*") if path.is_file()]


def test_an_import_is_shown_to_its_owner_and_to_admins(ada, admin, begun):
    assert_problem(ada.gets(f"/v1/data/imports/{begun['id']}"), errors.ImportNotFound)
    assert_problem(admin.gets(f"/v1/data/imports/{new_id()}"), errors.ImportNotFound)


def test_thousands_of_rows_are_written_by_few_statements(admin, airports, reads, shown, database):
    found, statements = [row(f"{number:04}", name=f"Airport {number}") for number in range(3376)], []
    event.listen(database.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    for start in range(0, len(found), 500):
        reads(*found[start : start + 500], first_line=start + 2, is_last=start + 500 >= len(found))
    assert len(statements) < 3376 / 10
    assert shown()["rows_written"] == 3376
