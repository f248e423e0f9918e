"""Telling events from outside: who may tell what, once, and in which shape."""

import threading

import orjson
import pytest
import sqlalchemy as sa

from services.realtime import app as realtime
from services.realtime.actions import outside_events
from services.realtime.errors import (
    EventDataInvalid,
    EventForeign,
    EventIdReused,
    EventSchemaBreaks,
    EventSchemaInvalid,
    EventTypeNameInvalid,
    EventTypeNotFound,
    EventTypeReserved,
    EventTypeUnknown,
    OutsidersOnly,
)
from services.realtime.settings import RealtimeSettings
from services.realtime.tests.outsiders import SCHEMA, Outsider
from shared import clock
from shared.bus.tables import outbox
from shared.database import migrator
from shared.events import Envelope
from shared.identity.problems import AdminsOnly, TokenInvalid
from shared.problems import Invalid
from shared.testing.identity import assert_problem, bearer, service_bearer, settings_for, trust_test_keys
from shared.web.openapi import document

TYPE = "/v1/events/types/shop.order_placed"
ADDRESSES = dict.fromkeys(("auth", "data", "realtime", "mail", "worker", "greeter"), "http://127.0.0.1:1")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "outside.json"


@pytest.fixture
def app(database_url, file):
    settings = settings_for(RealtimeSettings, database_url, sources=ADDRESSES, outside_services_file=file)
    app = realtime.create_app(settings)
    migrator.upgrade(app.extensions["database"])
    trust_test_keys(app)
    yield app
    app.extensions["database"].dispose()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def shop(client, file):
    """A service outside whose type is registered."""
    assert client.put(TYPE, json=SCHEMA, headers=bearer(role="admin")).status_code == 200
    return Outsider("shop", file).is_added()


def tell(client, shop, body, **headers):
    return client.post("/v1/events", json=body, headers=shop.headers() | headers)


def announced(app) -> list[Envelope]:
    with app.extensions["database"].reading() as session:
        texts = session.scalars(sa.select(outbox.c.envelope).order_by(outbox.c.seq))
        return [Envelope.from_json(text) for text in texts]


def test_an_event_is_announced_as_it_was_told(app, client, shop):
    answer = tell(client, shop, shop.event(id="order 7", subject="orders/7", time="2026-03-14T12:00:00Z"))
    assert (answer.status_code, answer.get_json()) == (202, {"accepted": ["order 7"]})
    (envelope,) = announced(app)
    assert (envelope.id, envelope.source, envelope.type) == ("order 7", "shop", "shop.order_placed")
    assert (envelope.subject, envelope.key, envelope.partition_key) == ("orders/7",) * 3
    assert (envelope.time, envelope.dataschema, envelope.actor) == ("2026-03-14T12:00:00.000000Z", 1, "services/shop")
    assert envelope.traceparent[3:35] == answer.headers["traceparent"][3:35]


def test_an_event_s_own_keys_and_trace_are_kept(app, client, shop):
    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    tell(client, shop, shop.event(key="customers/1", partitionkey="customers", traceparent=traceparent))
    (envelope,) = announced(app)
    assert (envelope.key, envelope.partition_key, envelope.traceparent) == ("customers/1", "customers", traceparent)


def test_told_twice_it_is_announced_once_and_answered_alike(app, client, shop):
    event = shop.event()
    first, second = tell(client, shop, event), tell(client, shop, event)
    assert (first.status_code, first.get_json()) == (second.status_code, second.get_json())
    assert len(announced(app)) == 1


def test_told_by_two_at_once_it_is_announced_once(app, shop):
    events, statuses = [shop.event() for _ in range(5)], []

    def tell_all(order: int) -> None:
        client = app.test_client()
        statuses.append(tell(client, shop, events[::order]).status_code)

    threads = [threading.Thread(target=tell_all, args=(order,)) for order in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [202, 202]
    assert sorted(envelope.id for envelope in announced(app)) == sorted(event["id"] for event in events)


def test_another_event_under_a_known_id_is_refused(app, client, shop):
    event = shop.event()
    tell(client, shop, event)
    assert_problem(tell(client, shop, event | {"data": {"amount": 2}}), EventIdReused)
    assert len(announced(app)) == 1


def test_ids_of_two_services_do_not_meet(app, client, shop, file):
    stall = Outsider("stall", file).is_added()
    client.put("/v1/events/types/stall.order_placed", json=SCHEMA, headers=bearer(role="admin"))
    assert tell(client, shop, shop.event(id="1")).status_code == 202
    assert tell(client, stall, stall.event(id="1")).status_code == 202
    assert [envelope.source for envelope in announced(app)] == ["shop", "stall"]


def test_several_are_taken_as_a_whole_or_not_at_all(app, client, shop):
    good, bad = shop.event(), shop.event(data={"amount": 0})
    problem = assert_problem(tell(client, shop, [good, bad]), EventDataInvalid)
    assert problem["errors"] == [{"pointer": "#/1/data/amount", "detail": "Does not satisfy minimum: 1"}]
    assert announced(app) == []
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    assert tell(client, shop, [good, shop.event()], **kind).status_code == 202
    assert len(announced(app)) == 2


@pytest.mark.parametrize(
    "data", [{}, {"amount": "1"}, {"amount": 1, "placed_at": "yesterday"}, {"amount": 1, "note": "x" * 21}]
)
def test_data_that_is_not_as_the_schema_says_is_refused_at_its_place(app, client, shop, data):
    problem = assert_problem(tell(client, shop, shop.event(data=data)), EventDataInvalid)
    assert problem["errors"][0]["pointer"].startswith("#/0/data")
    assert announced(app) == []


@pytest.mark.parametrize("change", [{"type": "stall.order_placed"}, {"type": "shopper.came"}, {"source": "stall"}])
def test_a_service_tells_as_itself_only(client, shop, change):
    assert_problem(tell(client, shop, shop.event(**change)), EventForeign)


def test_a_type_that_nobody_registered_is_refused(client, shop):
    assert_problem(tell(client, shop, shop.event(type="shop.order_lost")), EventTypeUnknown)


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"id": "a\nb"},
        {"subject": None},
        {"data": []},
        {"colour": "red"},
        {"time": "yesterday"},
        {"time": "0001-01-01T00:00:00+14:00"},
        {"time": "9999-12-31T23:59:59-14:00"},
    ],
)
def test_what_is_no_cloudevent_is_refused(client, shop, change):
    assert_problem(tell(client, shop, shop.event(**change)), Invalid)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400", "1" * 30])
def test_a_number_that_not_every_reader_can_read_is_refused(app, client, shop, number):
    body = orjson.dumps(shop.event(data={"amount": 12345})).replace(b"12345", number.encode())
    headers = shop.headers() | {"Content-Type": "application/json"}
    problem = assert_problem(client.post("/v1/events", data=body, headers=headers), Invalid)
    assert problem["errors"][0]["pointer"] == "#/0/data"
    schema = f'{{"type": "object", "properties": {{"amount": {{"maximum": {number}}}}}}}'
    headers = bearer(role="admin") | {"Content-Type": "application/json"}
    assert_problem(client.put(TYPE, data=schema, headers=headers), Invalid)


def test_the_document_tells_how_events_are_told(app):
    body = document(app)["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    assert {"application/cloudevents+json", "application/cloudevents-batch+json", "application/json"} == set(body)


def test_too_many_at_once_are_refused(client, shop):
    assert_problem(tell(client, shop, [shop.event() for _ in range(101)]), Invalid)


def test_our_own_services_and_users_do_not_tell_here(client, shop):
    event = shop.event()
    refused = client.post("/v1/events", json=event, headers=service_bearer("data", "realtime"))
    assert_problem(refused, OutsidersOnly)
    assert_problem(client.post("/v1/events", json=event, headers=bearer(role="admin")), TokenInvalid)


def test_a_service_that_was_removed_is_refused_at_once(client, shop):
    assert tell(client, shop, shop.event()).status_code == 202
    shop.is_removed()
    assert_problem(tell(client, shop, shop.event()), TokenInvalid)


def test_a_token_that_lives_long_or_is_meant_for_another_is_refused(client, shop):
    far = clock.now().timestamp() + 86_400
    for claims in ({"exp": far}, {"aud": "data"}, {"type": "access"}):
        answer = client.post("/v1/events", json=shop.event(), headers=shop.headers(**claims))
        assert_problem(answer, TokenInvalid)


def test_the_key_of_an_outsider_opens_nothing_internal(client, shop):
    assert_problem(client.get("/internal/events", headers=shop.headers()), TokenInvalid)


def test_ids_are_forgotten_after_a_while(app, client, shop, monkeypatch):
    tell(client, shop, shop.event())
    database = app.extensions["database"]
    with database.transaction() as session:
        assert outside_events.prune(session) == 0
    later = clock.now() + outside_events.KEPT * 2
    monkeypatch.setattr(clock, "now", lambda: later)
    with database.transaction() as session:
        assert outside_events.prune(session) == 1


def test_a_type_is_listed_and_shown(client, shop):
    headers = bearer(role="admin")
    (item,) = client.get("/v1/events/types", headers=headers).get_json()["items"]
    assert (item["type"], item["version"], item["data_schema"]) == ("shop.order_placed", 1, SCHEMA)
    assert client.get(TYPE, headers=headers).get_json() == item
    assert_problem(client.get("/v1/events/types/shop.nothing", headers=headers), EventTypeNotFound)
    assert_problem(client.get(TYPE, headers=bearer()), AdminsOnly)


def test_a_schema_may_grow_and_events_carry_its_version(app, client, shop):
    grown = SCHEMA | {"properties": SCHEMA["properties"] | {"gift": {"type": "boolean"}}}
    for _ in range(2):
        assert client.put(TYPE, json=grown, headers=bearer(role="admin")).get_json()["version"] == 2
    tell(client, shop, shop.event(data={"amount": 1, "gift": True}))
    assert announced(app)[0].dataschema == 2


@pytest.mark.parametrize(
    "change",
    [
        {"properties": {"amount": {"type": "integer", "minimum": 1}}},
        {"properties": SCHEMA["properties"] | {"amount": {"type": "string"}}},
        {"required": ["amount", "note"]},
        {"required": []},
        {"additionalProperties": False},
    ],
)
def test_a_change_that_breaks_somebody_is_refused(client, shop, change):
    assert_problem(client.put(TYPE, json=SCHEMA | change, headers=bearer(role="admin")), EventSchemaBreaks)
    assert client.get(TYPE, headers=bearer(role="admin")).get_json()["data_schema"] == SCHEMA


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array"},
        {"type": "object", "properties": 1},
        {"type": "object", "$ref": "http://example.org/schema.json"},
        {"type": "object", "properties": {"a": {"$ref": "#/properties/b"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/gone"}}},
        {"type": "object", "$id": "http://example.org/schema.json"},
        {"type": "object", "properties": {"a": {"type": "string", "format": "colour"}}},
        {"type": "object", "$defs": {"a": {"properties": {"b": {"$ref": "#/$defs/a"}}}}},
        {"type": "object", "$defs": {"a": {}}, "properties": {"b": {"$ref": "#/$defs/a", "type": "string"}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "a{99999999999}"}}},
        {"type": "object", "patternProperties": {"(": {}}},
        {"type": "object", "description": "x" * 64_000},
    ],
)
def test_what_can_not_be_an_event_s_schema_is_refused(client, schema):
    assert_problem(client.put(TYPE, json=schema, headers=bearer(role="admin")), EventSchemaInvalid)


@pytest.mark.parametrize("name", ["auth.user_registered", "greeter.greeted", "operator.acted"])
def test_names_of_our_own_services_are_not_given_away(client, name):
    answer = client.put(f"/v1/events/types/{name}", json=SCHEMA, headers=bearer(role="admin"))
    assert_problem(answer, EventTypeReserved)


@pytest.mark.parametrize("name", ["shop", "Shop.ordered", "shop.", "shop.a-b", f"shop.{'x' * 120}"])
def test_a_name_that_is_no_type_s_is_refused(client, name):
    answer = client.put(f"/v1/events/types/{name}", json=SCHEMA, headers=bearer(role="admin"))
    assert_problem(answer, EventTypeNameInvalid)
