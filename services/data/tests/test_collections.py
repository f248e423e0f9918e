"""Collections: an admin defines them, each is a table with real constraints."""

from sqlalchemy import inspect

from services.data import errors
from services.data.tests.people import AIRPORTS, ANC, made, rows
from shared.events.data import CollectionChanged
from shared.identity.problems import AdminsOnly, TokenMissing
from shared.problems import Invalid
from shared.rules import RuleSyntax, RuleTypes, RuleUnknownField
from shared.testing.identity import assert_problem, service_bearer


def defined(name="things", fields=(), **rules) -> dict:
    return {"name": name, "fields": list(fields), "rules": rules}


def field(name="title", type_="text", **more) -> dict:
    return {"name": name, "type": type_, **more}


def test_a_collection_is_shown_as_it_was_defined(admin, airports):
    shown = admin.gets("/v1/data/collections/airports").get_json()
    assert [one["name"] for one in shown["fields"]] == [one["name"] for one in AIRPORTS["fields"]]
    assert shown["rules"] == AIRPORTS["rules"]
    assert admin.gets("/v1/data/collections").get_json()["items"] == [shown]


def test_a_collection_is_a_table_with_real_constraints(admin, database):
    admin.defines(defined("countries"))
    fields = [
        field("code", required=True, unique=True, max_length=2),
        field("country", "relation", collection="countries"),
        field("size", "number", indexed=True),
    ]
    admin.defines(defined("cities", fields))
    tables = inspect(database.engine)
    table = next(name for name in tables.get_table_names() if name.startswith("records_cities"))
    columns = {column["name"]: column for column in tables.get_columns(table)}
    assert not columns["code"]["nullable"]
    assert tables.get_pk_constraint(table)["constrained_columns"] == ["id"]
    assert tables.get_foreign_keys(table)[0]["referred_table"].startswith("records_countries")
    assert [index["column_names"] for index in tables.get_indexes(table) if index["unique"]] == [["code"]]
    assert ["size", "id"] in [index["column_names"] for index in tables.get_indexes(table)]
    assert "length" in tables.get_check_constraints(table)[0]["sqltext"]


def test_a_new_collection_is_announced_with_its_whole_definition(admin, announced):
    shown = made(admin.defines(AIRPORTS))
    (event,) = announced()
    assert isinstance(event, CollectionChanged)
    assert (event.collection, event.change, event.rules_version) == ("airports", "created", shown["rules_version"])
    assert event.definition["fields"] == shown["fields"]
    assert event.definition["rules"] == shown["rules"]


def test_only_an_admin_defines_collections(ada, nobody):
    assert_problem(ada.defines(AIRPORTS), AdminsOnly)
    assert_problem(nobody.defines(AIRPORTS), TokenMissing)
    assert_problem(ada.gets("/v1/data/collections"), AdminsOnly)


def test_a_name_that_is_taken_is_a_conflict_and_announces_nothing(admin, airports, announced):
    announced()
    assert_problem(admin.defines(AIRPORTS), errors.CollectionExists)
    assert announced() == []


def test_a_collection_has_a_plain_name(admin):
    for name in ["", "Airports", "a-b", "a__b", "1a", "a" * 41, "a;drop", 'a"b', "_a", "a_", "a\n", None, 7]:
        assert_problem(admin.defines(defined(name)), Invalid)


def test_a_field_has_a_plain_name_that_means_nothing_else(admin):
    for name in ["id", "version", "created_at", "null", "in", "rowid", "xmin", "Title", 'x"', "a b", "a\n"]:
        problem = assert_problem(admin.defines(defined(fields=[field(name)])), Invalid)
        assert problem["errors"][0]["pointer"].startswith("#/fields/0")


def test_words_of_sql_are_good_names(admin, ada):
    for name in ["order", "select", "group", "user", "table", "values"]:
        made(admin.defines(defined(name, [field(name, unique=True, indexed=True)], create="true", list="true")))
        made(ada.creates(name, **{name: "x"}))
        assert [row[name] for row in rows(ada.lists(name, filter=f'{name} = "x"', sort=name))] == ["x"]


IMPOSSIBLE = [
    field(type_="blob"),
    field(type_="number", max_length=3),
    field(max_length=0),
    field(max_length=True),
    field(required="yes"),
    field(type_="relation"),
    field(collection="countries"),
    field(type_="relation", collection="nowhere"),
    field(type_="json", unique=True),
    field(type_="file", required=True),
    field(unique=True, max_length=5000),
    field(type_="integer", default="7"),
    field(default="x" * 6000),
    field(colour="red"),
    {"type": "text"},
    "title",
]


def test_a_field_that_can_not_be_is_refused_with_its_place(admin, database):
    for wrong in IMPOSSIBLE:
        response = admin.defines(defined(fields=[field("good"), wrong]))
        assert response.status_code == 422, wrong
        assert response.get_json()["errors"][0]["pointer"].startswith("#/fields/1")
    assert not [name for name in inspect(database.engine).get_table_names() if name.startswith("records_")]


def test_two_fields_of_one_name_are_refused(admin):
    problem = assert_problem(admin.defines(defined(fields=[field(), field()])), errors.DefinitionInvalid)
    assert problem["errors"] == [{"pointer": "#/fields/1/name", "detail": "is the name of another field"}]


def test_a_rule_that_does_not_hold_up_is_refused_with_its_place(admin):
    broken = [("title = ", RuleSyntax, 9), ("nothing = 1", RuleUnknownField, 1), ("title = 1", RuleTypes, 7)]
    for rule, problem, column in broken:
        shown = assert_problem(admin.defines(defined(fields=[field()], view=rule)), problem, line=1, column=column)
        assert shown["errors"][0]["pointer"] == "#/rules/view"


def test_rules_are_changed_and_told_with_a_higher_version(admin, airports, announced):
    announced()
    before = admin.gets("/v1/data/collections/airports").get_json()
    after = admin.asks("PATCH", "/v1/data/collections/airports", json={"rules": {"view": None}}).get_json()
    assert after["rules"] == {**before["rules"], "view": None}
    assert after["rules_version"] > before["rules_version"]
    (event,) = announced()
    assert (event.change, event.rules_version) == ("updated", after["rules_version"])


def test_a_change_of_rules_that_someone_else_changed_first_is_refused(admin, airports):
    tag = admin.gets("/v1/data/collections/airports").headers["ETag"]
    patch = {"path": "/v1/data/collections/airports", "json": {"rules": {"view": "true"}}, "headers": {"If-Match": tag}}
    assert admin.asks("PATCH", **patch).status_code == 200
    assert_problem(admin.asks("PATCH", **patch), errors.VersionMismatch)


def test_a_field_is_added_to_a_collection_that_holds_records(admin, ada, airports):
    first = made(ada.creates(airports, **ANC))
    added = [
        field("icao", unique=True, max_length=4),
        field("hub", "relation", collection="airports"),
        field("map", "file"),
        field("runways", "integer", indexed=True),
    ]
    assert admin.asks("PATCH", "/v1/data/collections/airports", json={"fields": added}).status_code == 200
    second = made(ada.creates(airports, **{**ANC, "iata": "FAI"}, icao="PAFA", hub=first["id"], runways=3))
    assert ada.views(airports, first["id"]).get_json()["icao"] is None
    assert second["hub"] == first["id"]
    taken = ada.changes(airports, first["id"], icao="PAFA")
    assert assert_problem(taken, errors.ValueTaken)["errors"][0]["pointer"] == "#/icao"
    assert_problem(ada.changes(airports, first["id"], icao="TOO LONG"), errors.RecordInvalid)


def test_a_required_field_can_not_be_added_later(admin, airports):
    patch = {"fields": [field("icao", required=True)]}
    problem = assert_problem(admin.asks("PATCH", "/v1/data/collections/airports", json=patch), errors.DefinitionInvalid)
    assert problem["errors"][0]["pointer"] == "#/fields/0/required"


def test_a_deleted_collection_is_gone_with_its_table_and_can_be_made_anew(admin, ada, airports, database, announced):
    made(ada.creates(airports, **ANC))
    announced()
    assert admin.asks("DELETE", "/v1/data/collections/airports").status_code == 204
    assert not [name for name in inspect(database.engine).get_table_names() if name.startswith("records_")]
    assert_problem(ada.lists(airports), errors.CollectionNotFound)
    (event,) = announced()
    assert (event.change, event.definition) == ("deleted", None)
    anew = {"name": "airports", "fields": [field("iata", "integer")], "rules": {"create": "true", "list": "true"}}
    made(admin.defines(anew))
    made(ada.creates(airports, iata=7))
    assert [row["iata"] for row in ada.lists(airports).get_json()["items"]] == [7]


def test_a_collection_that_others_refer_to_stays(admin):
    admin.defines(defined("countries"))
    admin.defines(defined("cities", [field("country", "relation", collection="countries")]))
    problem = assert_problem(admin.asks("DELETE", "/v1/data/collections/countries"), errors.CollectionReferenced)
    assert "cities" in problem["detail"]
    assert admin.asks("DELETE", "/v1/data/collections/cities").status_code == 204
    assert admin.asks("DELETE", "/v1/data/collections/countries").status_code == 204


def test_a_collection_may_refer_to_itself(admin, ada):
    own = defined("people", [field("boss", "relation", collection="people")], create="true", view="true", delete="true")
    made(admin.defines(own))
    boss = made(ada.creates("people"))
    made(ada.creates("people", boss=boss["id"]))
    assert_problem(ada.deletes("people", boss["id"]), errors.RecordReferenced)
    assert admin.asks("DELETE", "/v1/data/collections/people").status_code == 204


def test_an_unknown_collection_is_not_found(admin):
    assert_problem(admin.gets("/v1/data/collections/nothing"), errors.CollectionNotFound)
    assert_problem(admin.asks("DELETE", "/v1/data/collections/nothing"), errors.CollectionNotFound)


def test_services_are_told_every_definition_and_nobody_else_is(client, admin, airports):
    told = client.get("/internal/collections", headers=service_bearer("realtime", "data")).get_json()
    assert told["items"] == [admin.gets("/v1/data/collections/airports").get_json()]
    assert client.get("/internal/collections", headers=admin.headers).status_code == 401
