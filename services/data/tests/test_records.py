"""Records: made, read, changed and deleted as the rules allow, each change announced and nothing else."""

import threading

import pytest

from services.data import errors
from services.data.tests.people import ANC, KIT, made, record, records, rows
from shared.events.data import RecordChanged
from shared.ids import new_id
from shared.problems import Invalid, TooLarge, UnsupportedMediaType
from shared.testing.identity import assert_problem
from shared.web.errors import MalformedJson

VALUES = {
    "code": "é😀",
    "number": 0.1,
    "integer": -(2**63),
    "bool": True,
    "at": "2024-02-29T12:00:00.123456+01:00",
    "json": {"b": [1, 2.5, None], "a": "x"},
}


def test_a_record_is_read_as_it_was_created(ada, ben, airports):
    created = ada.creates(airports, **ANC)
    shown = made(created)
    assert created.headers["Location"] == record(airports, shown["id"])
    assert created.headers["ETag"] == '"1"'
    assert shown["owner"] == ada.id
    assert {name: shown[name] for name in ANC} == ANC
    assert (shown["version"], shown["city"], shown["photo"]) == (1, None, None)
    assert shown["created_at"] == shown["updated_at"]
    assert ben.views(airports, shown["id"]).get_json() == shown


def test_every_type_of_value_comes_back_as_it_went_in(admin, nobody):
    admin.defines(KIT)
    first = made(nobody.creates("kit", **VALUES))
    assert first["at"] == "2024-02-29T11:00:00.123456Z"
    second = made(nobody.creates("kit", other=first["id"]))
    assert second["other"] == first["id"]
    read = nobody.views("kit", first["id"]).get_json()
    assert read == first
    assert {name: read[name] for name in VALUES if name != "at"} == {n: v for n, v in VALUES.items() if n != "at"}


@pytest.mark.parametrize("value", [1e308, 5e-324, 0.1 + 0.2, 1.0, 7, 2**63 - 1, True, "7", "1e5", "null", "", [], {}])
def test_json_that_is_a_value_alone_comes_back_and_its_list_can_be_read(admin, nobody, value):
    admin.defines(KIT)
    shown = made(nobody.creates("kit", json=value))
    assert nobody.views("kit", shown["id"]).get_json()["json"] == value
    assert [row["json"] for row in rows(nobody.lists("kit", sort="-created_at"))] == [value]
    assert nobody.changes("kit", shown["id"], json=value).get_json()["version"] == 1


def test_a_creation_is_announced_with_the_whole_record(ada, airports, announced):
    announced()
    shown = made(ada.creates(airports, **ANC))
    (event,) = announced()
    assert event == RecordChanged(
        collection=airports,
        record_id=shown["id"],
        change="created",
        before=None,
        after=shown,
        version=1,
        rules_version=event.rules_version,
        actor_id=ada.id,
    )


def test_a_change_is_announced_with_the_record_before_and_after(ada, admin, airports, announced):
    before = made(ada.creates(airports, **ANC))
    rules_version = admin.gets("/v1/data/collections/airports").get_json()["rules_version"]
    announced()
    after = admin.changes(airports, before["id"], city="Anchorage").get_json()
    assert after == {**before, "city": "Anchorage", "version": 2, "updated_at": after["updated_at"]}
    (event,) = announced()
    assert (event.change, event.before, event.after) == ("updated", before, after)
    assert (event.version, event.actor_id, event.rules_version) == (2, admin.id, rules_version)


def test_a_deletion_is_announced_with_the_record_that_was(ada, airports, announced):
    before = made(ada.creates(airports, **ANC))
    announced()
    assert ada.deletes(airports, before["id"]).status_code == 204
    assert_problem(ada.views(airports, before["id"]), errors.RecordNotFound)
    (event,) = announced()
    assert (event.change, event.before, event.after, event.version) == ("deleted", before, None, 2)


def test_a_change_that_changes_nothing_is_not_announced(ada, airports, announced):
    before = made(ada.creates(airports, **ANC))
    announced()
    same = ada.changes(airports, before["id"], iata="ANC", latitude=61.17)
    assert same.get_json() == before
    assert announced() == []


def test_a_replacement_makes_null_what_it_does_not_give(ada, airports):
    before = made(ada.creates(airports, **ANC))
    after = ada.replaces(airports, before["id"], iata="ANC", name="Anchorage", owner=ada.id).get_json()
    assert (after["name"], after["state"], after["latitude"]) == ("Anchorage", None, None)


def test_values_that_do_not_fit_are_all_named_and_nothing_is_written(ada, airports, announced):
    announced()
    refused = ada.creates(airports, iata="TOO LONG", latitude="61", colour="red", id=new_id(), photo="x")
    problem = assert_problem(refused, errors.RecordInvalid)
    assert {error["pointer"] for error in problem["errors"]} == {
        "#/name",
        "#/iata",
        "#/latitude",
        "#/colour",
        "#/id",
        "#/photo",
    }
    assert rows(ada.lists(airports)) == []
    assert announced() == []


def test_a_body_that_is_no_record_is_refused(ada, airports):
    send = {"method": "POST", "path": records(airports)}
    json = {"Content-Type": "application/json"}
    assert_problem(ada.asks(**send, data=b"{", headers=json), MalformedJson)
    assert_problem(ada.asks(**send, data=b"[]", headers=json), Invalid)
    assert_problem(ada.asks(**send, data=b'{"iata": "\\ud800"}', headers=json), MalformedJson)
    assert_problem(ada.asks(**send, data=b"iata=ANC"), UnsupportedMediaType)
    assert_problem(ada.asks(**send, data=b'{"name":"' + b"x" * 1_100_000 + b'"}', headers=json), TooLarge)
    no_number = b'{"iata": "A", "name": "a", "latitude": NaN}'
    assert_problem(ada.asks(**send, data=no_number, headers=json), errors.RecordInvalid)
    neither = b'{"iata": "A\\u0000", "name": "a", "latitude": NaN}'
    assert_problem(ada.asks(**send, data=neither, headers=json), Invalid)
    assert_problem(ada.asks(**send, data=b'{"iata": "A\\u0000", "name": "a"}', headers=json), Invalid)


def test_a_duplicate_of_a_unique_value_is_a_conflict_that_names_it(ada, airports, announced):
    made(ada.creates(airports, **ANC))
    other = made(ada.creates(airports, **{**ANC, "iata": "FAI"}))
    announced()
    created = assert_problem(ada.creates(airports, **ANC), errors.ValueTaken)
    changed = assert_problem(ada.changes(airports, other["id"], iata="ANC"), errors.ValueTaken)
    assert created["errors"] == changed["errors"] == [{"pointer": "#/iata", "detail": "is taken by another record"}]
    assert announced() == []


def test_a_relation_names_a_record_that_is_there(ada, admin):
    admin.defines(KIT)
    problem = assert_problem(ada.creates("kit", other=new_id()), errors.RecordInvalid)
    assert problem["errors"][0]["pointer"] == "#/other"


def test_a_record_that_others_refer_to_stays(ada, admin):
    admin.defines(KIT)
    first = made(ada.creates("kit"))
    second = made(ada.creates("kit", other=first["id"]))
    assert_problem(ada.deletes("kit", first["id"]), errors.RecordReferenced)
    assert ada.deletes("kit", second["id"]).status_code == 204
    assert ada.deletes("kit", first["id"]).status_code == 204


def test_a_version_that_is_gone_is_not_overwritten(ada, airports):
    shown = made(ada.creates(airports, **ANC))
    old = {"If-Match": '"1"'}
    assert ada.changes(airports, shown["id"], headers=old, city="A").headers["ETag"] == '"2"'
    assert_problem(ada.changes(airports, shown["id"], headers=old, city="B"), errors.VersionMismatch)
    assert_problem(ada.deletes(airports, shown["id"], headers=old), errors.VersionMismatch)
    assert ada.changes(airports, shown["id"], headers={"If-Match": '"1", "2"'}, city="C").status_code == 200
    assert ada.deletes(airports, shown["id"], headers={"If-Match": "*"}).status_code == 204


def test_a_record_that_the_client_has_is_not_sent_again(ada, airports):
    shown = made(ada.creates(airports, **ANC))
    assert ada.views(airports, shown["id"], headers={"If-None-Match": '"1"'}).status_code == 304
    assert ada.views(airports, shown["id"], headers={"If-None-Match": '"0"'}).status_code == 200


def test_unknown_collections_and_records_are_not_found(ada, airports):
    assert_problem(ada.creates("nothing", a=1), errors.CollectionNotFound)
    assert_problem(ada.lists("nothing"), errors.CollectionNotFound)
    assert_problem(ada.views(airports, new_id()), errors.RecordNotFound)
    assert_problem(ada.changes(airports, new_id(), city="x"), errors.RecordNotFound)
    assert ada.views(airports, "../../etc/passwd").status_code == 404


def test_a_creation_that_is_sent_again_is_made_once(ada, airports, announced):
    announced()
    once = {"method": "POST", "path": records(airports), "json": ANC, "headers": {"Idempotency-Key": "k1"}}
    first, second = ada.asks(**once), ada.asks(**once)
    assert (second.status_code, second.get_json()) == (201, first.get_json())
    assert len(announced()) == 1


def test_writers_of_one_record_at_once_lose_no_change(app, ada, airports):
    shown = made(ada.creates(airports, **ANC))

    def write() -> None:
        with app.test_client() as client:
            for number in range(5):
                path = record(airports, shown["id"])
                assert client.patch(path, json={"city": str(number)}, headers=ada.headers).status_code == 200

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    versions = ada.views(airports, shown["id"]).get_json()["version"]
    assert 5 < versions <= 21
