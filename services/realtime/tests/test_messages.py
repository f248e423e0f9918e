"""The messages of a room: over HTTP, and as the actions write them, on both databases."""

import threading

import pytest
from sqlalchemy import select

from services.realtime import extensions
from services.realtime.actions import messages
from services.realtime.app import create_app
from services.realtime.errors import RoomNameInvalid
from services.realtime.models import Base, Message
from services.realtime.settings import RealtimeSettings
from shared.bus.tables import outbox
from shared.database import migrator
from shared.events import Envelope, decode
from shared.ids import new_id
from shared.testing.identity import assert_problem, bearer, settings_for, trust_test_keys
from shared.web import InvalidCursor, encode_cursor
from shared.web.errors import InvalidQuery

LOBBY = "/v1/realtime/rooms/lobby/messages"


@pytest.fixture
def app(database_url):
    app = create_app(settings_for(RealtimeSettings, database_url))
    trust_test_keys(app)
    migrator.upgrade(extensions.database)
    yield app
    extensions.database.dispose()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def database(app):
    return extensions.database


def announced(database):
    with database.reading() as session:
        return [decode(Envelope.from_json(text)) for text in session.scalars(select(outbox.c.envelope))]


def test_a_message_is_stored_and_announced(client, database):
    ada = new_id()
    answer = client.post(LOBBY, json={"text": "Hello"}, headers=bearer(ada))
    assert (answer.status_code, answer.json["number"], answer.json["author_id"]) == (201, 1, ada)
    [event] = announced(database)
    assert (event.room, event.number, event.text, event.message_id) == ("lobby", 1, "Hello", answer.json["id"])


def test_a_message_under_a_known_client_id_is_not_said_again(client, database):
    headers = bearer(new_id())
    first = client.post(LOBBY, json={"text": "Hello", "client_id": "c1"}, headers=headers)
    again = client.post(LOBBY, json={"text": "Hello", "client_id": "c1"}, headers=headers)
    assert first.json == again.json
    assert len(announced(database)) == 1
    assert client.post(LOBBY, json={"text": "Bye"}, headers=headers).json["number"] == 2


def test_the_same_client_id_of_two_people_is_two_messages(client):
    for number in (1, 2):
        answer = client.post(LOBBY, json={"text": "Hello", "client_id": "c1"}, headers=bearer(new_id()))
        assert answer.json["number"] == number


def test_messages_are_listed_newest_first_or_after_a_number(client):
    headers = bearer()
    for number in range(1, 8):
        client.post(LOBBY, json={"text": f"word {number}"}, headers=headers)
    assert pages(client, f"{LOBBY}?limit=3", headers) == [[7, 6, 5], [4, 3, 2], [1]]
    assert pages(client, f"{LOBBY}?limit=3&after=2", headers) == [[3, 4, 5], [6, 7]]
    assert client.get("/v1/realtime/rooms/attic/messages", headers=headers).json == {"items": [], "next": None}


def pages(client, url, headers):
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(url + (f"&cursor={cursor}" if cursor else ""), headers=headers).json
        found.append([message["number"] for message in page["items"]])
        cursor = page["next"]
    return found


@pytest.mark.parametrize("room", ["-lobby", "a" * 65, "la la", "%2e%2e"])
def test_a_room_that_can_have_no_such_name_is_refused(client, room):
    url = f"/v1/realtime/rooms/{room}/messages"
    assert_problem(client.get(url, headers=bearer()), RoomNameInvalid)
    assert_problem(client.post(url, json={"text": "Hello"}, headers=bearer()), RoomNameInvalid)


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": " \n"}, {"text": "x" * 4001}, {"text": 1}, {"words": "x"}])
def test_a_message_that_is_none_is_refused(client, database, body):
    assert client.post(LOBBY, json=body, headers=bearer()).status_code == 422
    assert announced(database) == []


@pytest.mark.parametrize("cursor", ["bm9uZQ", encode_cursor(2**63), encode_cursor(True), encode_cursor()])
def test_a_cursor_of_elsewhere_is_refused(client, cursor):
    assert_problem(client.get(f"{LOBBY}?cursor={cursor}", headers=bearer()), InvalidCursor)


@pytest.mark.parametrize("number", [2**63, 10**30, -1])
def test_a_number_that_no_message_can_have_is_refused(client, number):
    assert_problem(client.get(f"{LOBBY}?after={number}", headers=bearer()), InvalidQuery)
    assert client.get(f"{LOBBY}?after={2**63 - 1}", headers=bearer()).json["items"] == []


def test_nobody_reads_or_writes_without_a_token(client):
    assert client.get(LOBBY).status_code == 401
    assert client.post(LOBBY, json={"text": "Hello"}).status_code == 401


def test_many_who_speak_at_once_get_numbers_without_gaps(database):
    def speak(author):
        for _ in range(10):
            with database.transaction() as session:
                messages.post(session, room="lobby", author_id=author, text="Hello")

    speakers = [threading.Thread(target=speak, args=(new_id(),)) for _ in range(4)]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join(60)
    with database.reading() as session:
        assert list(session.scalars(select(Message.number).order_by(Message.number))) == list(range(1, 41))
    in_order = [event.number for event in announced(database)]
    assert sorted(in_order) == list(range(1, 41))


def test_the_migrations_make_what_the_models_say(database):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def is_ours(_object, name, type_, _reflected, _compared):
        return type_ != "table" or name in Base.metadata.tables

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        assert compare_metadata(context, Base.metadata) == []
