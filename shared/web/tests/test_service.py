"""What every service answers about itself: health, measures, its document, its part of a trace."""

import threading
from datetime import UTC, datetime

from openapi_spec_validator import validate

from shared.identity.problems import TokenMissing
from shared.testing.identity import assert_problem, service_bearer
from shared.web import health
from shared.web.errors import NotReady


def test_a_service_that_has_what_it_needs_is_ready(client):
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/readyz").get_json() == {"status": "ready", "checks": {"database": "ok"}}


def test_a_service_that_is_not_ready_says_what_does_not_answer(app, client, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 3.0)  # the database has so long, too
    app.extensions["ready_checks"].update(broken=lambda: 1 / 0, slow=released.wait)
    answer = client.get("/readyz")
    released.set()
    assert_problem(answer, NotReady, checks={"database": "ok", "broken": "failed", "slow": "timed out"})
    assert answer.headers["Retry-After"] == "1"


def test_requests_are_measured_by_route_and_not_by_path(client):
    client.get("/v1/test/notes")
    client.get("/v1/whatever")
    text = client.get("/metrics").get_data(as_text=True)
    assert 'http_request_duration_seconds_count{method="GET",route="/v1/test/notes",status="200"} 1.0' in text
    assert 'route="unmatched",status="404"' in text
    assert "whatever" not in text


def test_the_openapi_document_is_valid_and_says_what_is_declared(client):
    document = client.get("/openapi.json").get_json()
    validate(document)
    operation = document["paths"]["/v1/test/notes"]["post"]
    assert operation["summary"] == "Write a note"
    assert operation["description"] == "Twice the same is an error."
    assert {"400", "413", "415", "422", "201"} <= operation["responses"].keys()
    assert operation["parameters"][0]["name"] == "Idempotency-Key"
    assert "security" not in operation
    delete = document["paths"]["/v1/test/notes/{note_id}"]["delete"]
    assert delete["parameters"][0]["schema"] == {"type": "string", "format": "uuid"}
    assert delete["security"] == [{"bearer": []}]
    assert not [path for path in document["paths"] if path.startswith("/internal")]


def test_the_openapi_document_can_be_printed(app):
    assert '"openapi": "3.1.0"' in app.test_cli_runner().invoke(args=["openapi"]).output


def test_a_trace_is_told_in_the_order_of_time_to_services_only(app, client):
    late, early = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    app.extensions["trace_sources"].append(lambda _session, trace_id: [{"at": late, "what": "b", "detail": trace_id}])
    app.extensions["trace_sources"].append(lambda _session, _trace_id: [{"at": early, "what": "a"}])
    assert_problem(client.get("/internal/trace/t1"), TokenMissing)
    answer = client.get("/internal/trace/t1", headers=service_bearer("operator", "test"))
    assert answer.get_json()["entries"] == [
        {"at": "2026-01-01T00:00:00Z", "what": "a", "detail": None},
        {"at": "2026-01-02T00:00:00Z", "what": "b", "detail": "t1"},
    ]
