"""What a request gets: answers, problems, ids, and never a leak."""

from io import BytesIO
from uuid import uuid4

import pytest
from sqlalchemy.exc import OperationalError

from shared.problems import (
    InternalError,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    UnsupportedMediaType,
)
from shared.testing.identity import assert_problem, bearer
from shared.web.errors import DatabaseUnavailable, InvalidCursor, InvalidQuery, MalformedJson

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOTES = "/v1/test/notes"


def test_an_answer_has_its_status_headers_and_body(client):
    answer = client.post(NOTES, json={"text": "a"})
    assert (answer.status_code, answer.get_json()) == (201, {"text": "a"})
    assert answer.headers["Location"] == "/v1/test/notes/a"


def test_nothing_returned_is_204(client):
    assert client.delete(f"{NOTES}/{uuid4()}", headers=bearer()).status_code == 204


def test_the_request_id_and_the_trace_are_kept_and_told(client):
    answer = client.get(NOTES, headers={"X-Request-ID": "r1", "traceparent": TRACEPARENT})
    assert answer.headers["X-Request-ID"] == "r1"
    assert answer.headers["traceparent"].split("-")[1] == TRACEPARENT.split("-")[1]
    assert answer.headers["traceparent"] != TRACEPARENT


def test_a_request_id_that_could_break_a_log_line_is_replaced(client):
    assert client.get(NOTES, headers={"X-Request-ID": "a b"}).headers["X-Request-ID"] != "a b"


@pytest.mark.parametrize("text", [b"", b"{", b'{"text": "a"', b'{"text": NaN}', b"\xff\xfe", b'{"text": "\\ud800"}'])
def test_what_is_no_json_is_malformed_json(client, text):
    answer = client.post(NOTES, data=text, content_type="application/json")
    if b"NaN" in text:
        assert_problem(answer, Invalid)
    else:
        assert_problem(answer, MalformedJson)


def test_deeply_nested_json_is_refused(client):
    answer = client.post(NOTES, data=b'{"text": ' + b"[" * 100_000, content_type="application/json")
    assert answer.status_code in (400, 422)


def test_another_media_type_is_refused(client):
    assert_problem(client.post(NOTES, data="text=a", content_type="text/plain"), UnsupportedMediaType)


def test_every_wrong_field_is_named_and_no_value_shown(client):
    document = assert_problem(client.post(NOTES, json={"text": 5, "size": "hidden", "more": 1}), Invalid)
    assert [one["pointer"] for one in document["errors"]] == ["#/text", "#/size", "#/more"]
    assert "hidden" not in str(document)


def test_text_with_a_nul_character_is_invalid(client):
    document = assert_problem(client.post(NOTES, json={"text": "a\0b"}), Invalid)
    assert document["errors"][0]["pointer"] == "#/text"


def test_a_url_with_a_nul_character_is_malformed(client):
    assert_problem(client.get(f"{NOTES}?cursor=%00"), Malformed)


def test_a_body_over_the_limit_is_too_large(client):
    assert_problem(client.post(NOTES, json={"text": "x" * 1_100_000}), TooLarge)


@pytest.mark.parametrize(("path", "status"), [(NOTES, 413), ("/v1/nowhere", 404), ("/healthz", 405)])
def test_a_body_that_is_refused_is_read_to_its_end_all_the_same(client, path, status):
    body = BytesIO(b"x" * 2_000_000)
    sent = {"input_stream": body, "content_length": 2_000_000, "content_type": "application/json"}
    assert client.post(path, **sent, environ_overrides={"wsgi.input_terminated": True}).status_code == status
    assert body.tell() == 2_000_000


def test_an_unknown_path_is_a_problem(client):
    assert_problem(client.get("/v1/nowhere"), NotFound)


def test_a_path_with_doubled_slashes_leads_nowhere(client):
    assert_problem(client.get(NOTES.replace("/", "//"), headers={"Host": "evil.example"}), NotFound)


def test_an_id_that_is_no_uuid_is_not_found(client):
    assert_problem(client.get(f"{NOTES}/7", headers=bearer(role="admin")), NotFound)


def test_a_method_that_is_not_known_is_a_problem_naming_those_that_are(client):
    answer = client.put(NOTES, json={})
    assert_problem(answer, MethodNotAllowed)
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST"}


def test_an_unforeseen_error_says_nothing_and_writes_nothing(client):
    document = assert_problem(client.post(NOTES, json={"text": "fails"}), InternalError)
    assert "hidden" not in str(document)
    assert client.get(NOTES).get_json()["items"] == []


def test_a_locked_database_is_unavailable_for_a_moment(client, app, monkeypatch):
    def locked(*_args, **_options):
        raise OperationalError("SELECT hidden", {}, Exception("database is locked"))

    monkeypatch.setattr(app.extensions["database"], "reading", locked)
    answer = client.get(NOTES)
    assert "hidden" not in str(assert_problem(answer, DatabaseUnavailable))
    assert answer.headers["Retry-After"] == "1"


def test_pages_go_on_by_cursor_and_by_link(client):
    for text in "abc":
        client.post(NOTES, json={"text": text})
    first = client.get(f"{NOTES}?limit=2")
    assert [one["text"] for one in first.get_json()["items"]] == ["a", "b"]
    target = first.headers["Link"].partition(">")[0].removeprefix("<")
    assert "limit=2" in target
    last = client.get(target)
    assert last.get_json() == {"items": [{"text": "c"}], "next": None}
    assert "Link" not in last.headers


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "size=1", "limit=1&limit=2"])
def test_a_wrong_query_is_a_problem(client, query):
    assert_problem(client.get(f"{NOTES}?{query}"), InvalidQuery)


@pytest.mark.parametrize("cursor", ["x", "é", "W10", "eyJhIjoxfQ", "WzVd", "%F0"])
def test_a_cursor_that_was_not_given_here_is_a_problem(client, cursor):
    assert_problem(client.get(f"{NOTES}?cursor={cursor}"), InvalidCursor)
