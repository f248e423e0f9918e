"""Files: uploaded to a record's field, handed to those who may view the record, with the variants that are made."""

import pytest
from sqlalchemy.exc import OperationalError

from services.data import errors, handlers, housekeeping
from services.data.content.names import disposition
from services.data.models import DiscardedObject, StoredFile
from services.data.tests.people import ANC, made
from shared.events.data import FileStored, RecordChanged
from shared.events.worker import VariantsMade
from shared.ids import new_id
from shared.testing.identity import assert_problem

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
JPEG = b"\xff\xd8\xff\xe0" + b"1" * 100


@pytest.fixture
def mine(ada, airports) -> dict:
    return made(ada.creates(airports, **ANC))


@pytest.fixture
def photo(ada, airports, mine) -> dict:
    """The file in the record's field after an upload."""
    answer = ada.uploads(airports, mine["id"], "photo", PNG, "image/png", "Grace Höpper.png")
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()["photo"]


def objects(store) -> list[str]:
    return sorted(str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if path.is_file())


def variants_of(store, file_id: str, *names: str) -> VariantsMade:
    def one() -> dict:
        stored = store.put(JPEG, area="variants")
        told = {"storage_key": stored.key, "size": stored.size}
        return {**told, "content_type": "image/jpeg", "width": 9, "height": 7}

    return VariantsMade(file_id=file_id, variants={name: one() for name in names})


def hear(database, event: VariantsMade) -> None:
    with database.transaction() as session:
        handlers.keep_variants(session, event, None)


def sweep(database, store) -> None:
    with database.transaction() as session:
        housekeeping.pruner(store)(session)


def test_an_upload_is_shown_in_its_record_and_announced(ada, airports, mine, store, announced):
    announced()
    answer = ada.uploads(airports, mine["id"], "photo", PNG, "image/png", "a.png")
    after = answer.get_json()
    assert answer.headers["ETag"] == '"2"'
    photo = after["photo"]
    assert photo == {
        "id": photo["id"],
        "name": "a.png",
        "type": "image/png",
        "size": len(PNG),
        "url": f"/v1/data/files/{photo['id']}",
        "variants": {},
    }
    changed, stored = announced()
    assert isinstance(changed, RecordChanged)
    assert (changed.before, changed.after) == (mine, after)
    assert stored == FileStored(
        collection=airports,
        file_id=photo["id"],
        record_id=mine["id"],
        field="photo",
        content_type="image/png",
        size=len(PNG),
        storage_key=stored.storage_key,
        owner_id=ada.id,
    )
    assert objects(store) == [stored.storage_key]


def test_a_file_is_handed_out_by_the_gateway(ben, photo, store):
    answer = ben.gets(photo["url"])
    assert answer.status_code == 200
    assert answer.headers["X-Accel-Redirect"] == "/_files/" + objects(store)[0]
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith('inline; filename="Grace H_pper.png"; filename*=UTF-8')
    again = ben.asks("GET", photo["url"], headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert "X-Accel-Redirect" not in again.headers


def test_a_file_is_only_for_those_who_may_view_its_record(ada, ben, nobody, admin, photo):
    assert_problem(nobody.gets(photo["url"]), errors.FileNotFound)
    admin.asks("PATCH", "/v1/data/collections/airports", json={"rules": {"view": "owner = @me.id"}})
    assert_problem(ben.gets(photo["url"]), errors.FileNotFound)
    assert ada.gets(photo["url"]).status_code == 200
    assert_problem(ada.gets(f"/v1/data/files/{new_id()}"), errors.FileNotFound)
    assert_problem(ada.gets(photo["url"] + "/thumb"), errors.FileNotFound)


def test_what_a_browser_might_run_is_only_ever_saved():
    assert disposition("a.svg", "image/svg+xml").startswith("attachment;")
    assert disposition('a"\\b\u202e.html', "text/html").startswith('attachment; filename="a__b_.html"')


def test_a_path_is_no_file_name(ada, airports, mine, store, announced):
    announced()
    for name in ("../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "..", "", None, "a\x07", "x" * 256, "a\u202eb"):
        answer = ada.uploads(airports, mine["id"], "photo", PNG, "image/png", name)
        assert_problem(answer, errors.FileNameRefused)
    assert (announced(), objects(store)) == ([], [])


def test_content_that_is_not_its_type_is_refused(ada, airports, mine, store, announced):
    announced()
    for content, type_ in (
        (JPEG, "image/png"),
        (PNG, "text/plain"),
        (b"hello", "image/png"),
        (b"<html>", "application/pdf"),
        (b"\xff\xfe\x00", "text/plain"),
        (PNG, "application/json"),
    ):
        answer = ada.uploads(airports, mine["id"], "photo", content, type_)
        assert_problem(answer, errors.FileTypeMismatch)
    assert (announced(), objects(store)) == ([], [])


def test_content_without_a_type_of_its_own_is_refused(ada, airports, mine):
    for type_ in ("", "image", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "a/b/c"):
        assert_problem(ada.uploads(airports, mine["id"], "photo", PNG, type_), errors.FileTypeMissing)


def test_other_types_are_taken_as_they_are(ada, airports, mine):
    for content, type_ in ((b"a,b\n", "text/csv"), (b"\0\1", "application/octet-stream"), (b"PK", "application/zip")):
        assert ada.uploads(airports, mine["id"], "photo", content, type_).get_json()["photo"]["type"] == type_


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(ada, airports, mine, store):
    answer = ada.uploads(airports, mine["id"], "photo", PNG + b"0" * 100_000, "image/png")
    assert_problem(answer, errors.FileTooLarge)
    assert_problem(ada.uploads(airports, mine["id"], "photo", b"", "image/png"), errors.FileEmpty)
    assert objects(store) == []


def test_a_file_may_be_larger_than_a_json_body_may_be(app, ada, airports, mine):
    app.config["MAX_CONTENT_LENGTH"] = 1_000
    assert ada.uploads(airports, mine["id"], "photo", PNG + b"0" * 5_000, "image/png").status_code == 200
    assert ada.changes(airports, mine["id"], city="x" * 2_000).status_code == 413


def test_a_file_is_uploaded_only_by_who_may_change_the_record(ada, ben, nobody, airports, mine, store):
    assert_problem(ben.uploads(airports, mine["id"], "photo", PNG, "image/png"), errors.AccessRefused)
    assert_problem(nobody.uploads(airports, mine["id"], "photo", PNG, "image/png"), errors.RecordNotFound)
    assert_problem(ada.uploads(airports, new_id(), "photo", PNG, "image/png"), errors.RecordNotFound)
    assert_problem(ada.uploads(airports, mine["id"], "city", PNG, "image/png"), errors.FieldNotFound)
    assert_problem(ada.uploads("nothing", mine["id"], "photo", PNG, "image/png"), errors.CollectionNotFound)
    assert objects(store) == []


def test_an_upload_whose_transaction_fails_leaves_no_object(ada, airports, mine, store, monkeypatch):
    def fail(*_args, **_more):
        raise RuntimeError("hidden")

    monkeypatch.setattr("services.data.actions.files.announce", fail)
    assert ada.uploads(airports, mine["id"], "photo", PNG, "image/png").status_code == 500
    assert objects(store) == []
    assert ada.views(airports, mine["id"]).get_json() == mine


def test_an_upload_whose_commit_nobody_heard_of_keeps_its_object_until_housekeeping_has_looked(
    ada, airports, mine, store, monkeypatch
):
    def lose(*_args, **_more):
        raise OperationalError("COMMIT", {}, Exception("database is locked"))

    monkeypatch.setattr("services.data.actions.files.announce", lose)
    assert ada.uploads(airports, mine["id"], "photo", PNG, "image/png").status_code == 503
    assert len(objects(store)) == 1


def test_a_replaced_file_is_let_go(ada, airports, mine, photo, database, store):
    after = ada.uploads(airports, mine["id"], "photo", JPEG, "image/jpeg").get_json()
    assert after["photo"]["id"] != photo["id"]
    assert_problem(ada.gets(photo["url"]), errors.FileNotFound)
    sweep(database, store)
    assert len(objects(store)) == 1


def test_a_file_goes_with_its_field_its_record_and_its_collection(ada, admin, airports, mine, photo, database, store):
    assert ada.changes(airports, mine["id"], photo=None).get_json()["photo"] is None
    ada.uploads(airports, mine["id"], "photo", PNG, "image/png")
    assert ada.deletes(airports, mine["id"]).status_code == 204
    another = made(ada.creates(airports, **ANC))
    ada.uploads(airports, another["id"], "photo", PNG, "image/png")
    assert len(objects(store)) == 3
    assert admin.asks("DELETE", "/v1/data/collections/airports").status_code == 204
    sweep(database, store)
    assert objects(store) == []


def test_variants_are_shown_in_the_record_and_announced(ada, ben, airports, mine, photo, database, store, announced):
    before = ada.views(airports, mine["id"]).get_json()
    announced()
    hear(database, variants_of(store, photo["id"], "thumb"))
    after = ada.views(airports, mine["id"]).get_json()
    thumb = after["photo"]["variants"]["thumb"]
    size = {"width": 9, "height": 7, "size": len(JPEG)}
    assert thumb == {"type": "image/jpeg", "url": photo["url"] + "/thumb", **size}
    assert after["version"] == before["version"] + 1
    (event,) = announced()
    assert (event.change, event.before, event.after) == ("updated", before, after)
    answer = ben.gets(thumb["url"])
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Accel-Redirect"].startswith("/_files/variants/")


def test_variants_of_a_file_that_was_replaced_are_let_go(ada, airports, mine, photo, database, store, announced):
    ada.uploads(airports, mine["id"], "photo", JPEG, "image/jpeg")
    announced()
    late = variants_of(store, photo["id"], "thumb", "medium")
    hear(database, late)
    hear(database, late)
    assert announced() == []
    with database.reading() as session:
        assert session.query(DiscardedObject).count() == 3
    sweep(database, store)
    assert len(objects(store)) == 1


def test_variants_made_twice_are_kept_once(photo, database, store):
    first, second = variants_of(store, photo["id"], "thumb"), variants_of(store, photo["id"], "thumb")
    hear(database, first)
    hear(database, second)
    sweep(database, store)
    with database.reading() as session:
        kept = session.get(StoredFile, photo["id"]).variants["thumb"]["storage_key"]
    assert kept == second.variants["thumb"]["storage_key"]
    assert len(objects(store)) == 2


def test_objects_that_nothing_names_go_after_a_day(photo, database, store, monkeypatch):
    store.put(b"orphan", area="variants")
    store.put(b"orphan", area="files")
    sweep(database, store)
    assert len(objects(store)) == 3
    monkeypatch.setattr(housekeeping, "ORPHANED_SECONDS", -1.0)
    hear(database, variants_of(store, photo["id"], "thumb"))
    sweep(database, store)
    assert len(objects(store)) == 2
