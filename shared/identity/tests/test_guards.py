"""Access levels and revocations, through a small service."""

from datetime import timedelta

import pytest

from shared import clock, trace
from shared.bus import Handlers
from shared.database import Database, migrator
from shared.events import Envelope
from shared.events.auth import SessionRevoked
from shared.identity import revocations
from shared.identity.problems import AdminsOnly, KeysUnavailable, TokenInvalid, TokenMissing, TokenRevoked
from shared.ids import new_id
from shared.settings import Settings
from shared.testing import eventually
from shared.testing.identity import assert_problem, bearer, service_bearer, settings_for, trust_test_keys
from shared.web import Resource, create_service, endpoint


def shown(identity):
    return {"id": identity.id if identity else None, "actor": trace.current().actor}


class Anyone(Resource):
    @endpoint(access="anyone")
    def get(self, identity):
        """Ask as anyone."""
        return shown(identity)


class Optional(Resource):
    @endpoint(access="optional")
    def get(self, identity):
        """Ask with or without a token."""
        return shown(identity)


class Admin(Resource):
    @endpoint(access="admin")
    def get(self, identity):
        """Ask as an admin."""
        return shown(identity)


class Service(Resource):
    @endpoint(access="service")
    def get(self, identity):
        """Ask as a service."""
        return shown(identity)


URLS = [("/anyone", Anyone), ("/optional", Optional), ("/admin", Admin), ("/internal/service", Service)]


@pytest.fixture
def database(database_url):
    database = Database().connect(database_url)
    migrator.upgrade(database)
    yield database
    database.dispose()


@pytest.fixture
def app(database, database_url):
    settings = settings_for(Settings, database_url)
    app = create_service("test", settings, urls=URLS)
    app.extensions["database"] = database
    trust_test_keys(app)
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def test_a_door_for_anyone_does_not_look_at_tokens(client):
    headers = {"Authorization": "Bearer nonsense"}
    assert client.get("/anyone", headers=headers).get_json() == {"id": None, "actor": None}


def test_an_optional_token_must_be_good_when_it_is_there(client):
    assert client.get("/optional").get_json()["id"] is None
    ada = new_id()
    assert client.get("/optional", headers=bearer(ada)).get_json() == {"id": ada, "actor": f"users/{ada}"}
    assert_problem(client.get("/optional", headers={"Authorization": "Bearer x"}), TokenInvalid)


def test_a_door_for_admins_is_closed_to_users(client):
    assert client.get("/admin", headers=bearer(role="admin")).status_code == 200
    assert_problem(client.get("/admin", headers=bearer()), AdminsOnly)
    assert_problem(client.get("/admin"), TokenMissing)


def test_a_door_for_services_takes_no_users_and_the_other_way_round(client):
    asked = client.get("/internal/service", headers=service_bearer("data", "test"))
    assert asked.get_json() == {"id": "data", "actor": "services/data"}
    assert_problem(client.get("/internal/service", headers=bearer(role="admin")), TokenInvalid)
    assert_problem(client.get("/admin", headers=service_bearer("data", "test")), TokenInvalid)


def test_tokens_wait_for_the_keys_to_be_there_once(database, database_url):
    app = create_service("test", settings_for(Settings, database_url), urls=URLS)
    app.extensions["database"] = database
    assert_problem(app.test_client().get("/admin", headers=bearer()), KeysUnavailable)


def test_a_revoked_session_is_refused_once_the_event_has_come(client, database):
    session_id, user_id = new_id(), new_id()
    headers = bearer(user_id, sid=session_id)
    assert client.get("/optional", headers=headers).status_code == 200
    handlers = Handlers("test")
    revocations.handlers_on(handlers)
    event = SessionRevoked(session_id=session_id, user_id=user_id, expires_at=clock.now() + timedelta(minutes=16))
    (handler,) = handlers.of(event.type)
    for _ in range(2):
        with database.transaction() as session:
            handler.run(session, _envelope(event))
    eventually(lambda: client.get("/optional", headers=headers).status_code == 401)
    assert_problem(client.get("/optional", headers=headers), TokenRevoked)
    assert client.get("/optional", headers=bearer(user_id)).status_code == 200


def test_a_revocation_goes_when_its_tokens_have_expired(database):
    with database.transaction() as session:
        revocations.revoke(session, session_id=new_id(), user_id=new_id(), expires_at=clock.now())
        revocations.revoke(
            session, session_id=new_id(), user_id=new_id(), expires_at=clock.now() + timedelta(minutes=5)
        )
    with database.transaction() as session:
        assert revocations.prune(session) == 1


def _envelope(event):
    return Envelope(
        id=new_id(),
        source="auth",
        type=event.type,
        subject=event.subject,
        time=clock.now().isoformat(),
        dataschema=1,
        traceparent=trace.traceparent(),
        key=event.subject,
        partition_key=event.subject,
        data=event.model_dump(mode="json"),
    )
