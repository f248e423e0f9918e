"""What bad input gets, through the gateway: a problem document with a stable code, and nothing half-written."""

import base64
import json

import pytest

from demo.waiting import eventually
from tests.e2e.people import PORTRAIT, airport
from tests.e2e.problems import assert_problem


@pytest.fixture
def send(ada, airports):
    """Ada sends something about the records of her collection; afterwards there are none but those she has made."""

    def send(method: str, path: str = "", **more):
        return ada.api.send(method, f"/v1/data/collections/{airports}/records{path}", **more)

    return send


def test_wrong_json(send, ada, airports):
    for body in (b"{", b"", b"\xff\xfe"):
        answer = send("POST", data=body, headers={"Content-Type": "application/json"})
        assert_problem(answer, 400, "malformed_json")
    assert_problem(send("POST", data=b"{}", headers={"Content-Type": "text/plain"}), 415, "unsupported_media_type")
    assert ada.counts(airports) == 0


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"latitude": "sixty"}, "#/latitude"),
        ({"latitude": True}, "#/latitude"),
        ({"name": 7}, "#/name"),
        ({"name": None}, "#/name"),
        ({"altitude": 7}, "#/altitude"),
        ({"name": "x" * 100_000}, "#/name"),
        ({"iata": "x" * 13}, "#/iata"),
        ({"photo": "00000000-0000-7000-8000-000000000000"}, "#/photo"),
    ],
    ids=["text for number", "bool for number", "number for text", "null", "unknown field", "huge", "long", "file"],
)
def test_values_that_do_not_fit_name_their_place(send, ada, airports, changed, pointer):
    problem = assert_problem(send("POST", json=airport(**changed)), 422, "record_invalid")
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert ada.counts(airports) == 0


def test_unknown_and_missing_members_of_a_body_with_a_fixed_shape(ada):
    body = {"email": "x@example.com", "password": "long enough", "role": "admin"}
    problem = assert_problem(ada.api.send("POST", "/v1/auth/accounts", json=body), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["#/role"]
    problem = assert_problem(ada.api.send("POST", "/v1/jobs", json={"kind": "geo.nearest"}), 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == ["#/input"]


def test_a_filter_with_a_syntax_error_tells_line_and_column(send):
    problem = assert_problem(send("GET", params={"filter": 'state = "AK" &&\n  && true'}), 422, "rule_syntax")
    assert (problem["line"], problem["column"]) == (2, 3)
    assert_problem(send("GET", params={"filter": "altitude > 1"}), 422, "rule_unknown_field")
    assert_problem(send("GET", params={"filter": 'latitude > "north"'}), 422, "rule_types")
    assert_problem(send("GET", params={"sort": "altitude"}), 422, "sort_invalid")
    assert_problem(send("GET", params={"cursor": "zzz"}), 400, "invalid_cursor")
    assert_problem(send("GET", params={"limit": "many"}), 422, "invalid_query")
    assert_problem(send("GET", params={"colour": "red"}), 422, "invalid_query")


def test_an_unknown_collection_record_job_and_path(ada, airports):
    nobody = "00000000-0000-7000-8000-000000000000"
    for path, code in (
        ("/v1/data/collections/nowhere/records", "collection_not_found"),
        (f"/v1/data/collections/{airports}/records/{nobody}", "record_not_found"),
        (f"/v1/data/files/{nobody}", "file_not_found"),
        (f"/v1/data/imports/{nobody}", "import_not_found"),
        (f"/v1/jobs/{nobody}", "job_not_found"),
        ("/v1/nothing", "not_found"),
        ("/v1/data/nothing", "not_found"),
        ("/internal/events", "not_found"),
        ("/metrics", "not_found"),
    ):
        assert_problem(ada.api.send("GET", path), 404, code)
    assert_problem(ada.api.send("DELETE", "/v1/auth/me"), 405, "method_not_allowed")


def test_another_s_row_is_not_there_where_it_may_not_be_seen(cast, ada, ben):
    airports = cast.airports(
        rules=dict.fromkeys(("list", "view", "update", "delete"), "owner = @me.id") | {"create": "true"}
    )
    row = ada.creates(airports, **airport())
    path = f"/v1/data/collections/{airports}/records/{row['id']}"
    for method, more in (("GET", {}), ("PATCH", {"json": {"city": "Nome"}}), ("DELETE", {})):
        assert_problem(ben.api.send(method, path, **more), 404, "record_not_found")
    assert ada.reads(airports, row["id"]) == row


def test_another_s_row_that_may_be_seen_can_not_be_changed(ada, ben, airports):
    row = ada.creates(airports, **airport())
    path = f"/v1/data/collections/{airports}/records/{row['id']}"
    for method, more in (("PATCH", {"json": {"city": "Nome"}}), ("DELETE", {})):
        assert_problem(ben.api.send(method, path, **more), 403, "access_refused")
    assert_problem(ben.api.send("POST", "/v1/data/collections", json={"name": "his", "fields": []}), 403, "admins_only")
    assert ada.reads(airports, row["id"]) == row


def forged(token: str, *, header: dict | None = None, claims: dict | None = None, signature: str | None = None) -> str:
    """A token of which some part is other than auth made it."""
    parts = token.split(".")
    known = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in parts[:2]]
    changed = [known[0] | (header or {}), known[1] | (claims or {})]
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in changed]
    return ".".join([*texts, parts[2] if signature is None else signature])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-8] + "AAAAAAAA",
        lambda token: forged(token, claims={"role": "admin"}),
        lambda token: forged(token, claims={"exp": 1_000_000_000}),
        lambda token: forged(token, header={"alg": "none"}, signature=""),
        lambda token: forged(token, header={"alg": "HS256"}),
        lambda token: forged(token, header={"kid": "unknown"}),
        lambda token: forged(token, header={"kid": "../../etc/passwd"}),
        lambda token: "nonsense",
        lambda token: "a.b.c",
    ],
    ids=[
        "signature",
        "role",
        "expiry",
        "alg none",
        "alg HS256",
        "unknown kid",
        "path as kid",
        "nonsense",
        "three parts",
    ],
)
def test_a_token_that_auth_did_not_make_opens_nothing(ada, airports, spoil):
    headers = {"Authorization": f"Bearer {spoil(ada.api.token)}"}
    for path in ("/v1/auth/me", f"/v1/data/collections/{airports}/records", "/v1/jobs", "/v1/mail/deliveries"):
        answer = ada.api.send("GET", path, headers=headers)
        problem = assert_problem(answer, 401, "token_invalid")
        assert "WWW-Authenticate" in answer.headers and "Signature" not in problem["detail"]


def test_a_session_that_has_ended_opens_nothing_anywhere(cast, ben, airports):
    headers = {"Authorization": f"Bearer {ben.api.token}"}
    ben.signs_out()
    for path in ("/v1/auth/me", f"/v1/data/collections/{airports}/records", "/v1/jobs"):
        eventually(lambda path=path: ben.api.send("GET", path, headers=headers).status_code == 401, path, within=30)
        assert_problem(ben.api.send("GET", path, headers=headers), 401, "token_revoked")


def test_a_body_over_the_limit(ada, airports):
    big = {"city": "x" * 1_100_000}
    for path in (f"/v1/data/collections/{airports}/records", "/v1/jobs", "/v1/auth/accounts"):
        assert_problem(ada.api.send("POST", path, json=big), 413, "too_large")
    assert ada.counts(airports) == 0


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PORTRAIT.read_bytes(), "image/png"),
        (b"<html><script>alert(1)</script></html>", "image/jpeg"),
        (b"MZ" + bytes(200), "image/png"),
    ],
)
def test_a_file_whose_content_is_not_its_type(send, ada, airports, content, kind):
    row = ada.creates(airports, **airport())
    file = {"data": content, "headers": {"Content-Type": kind}}
    answer = send("PUT", f"/{row['id']}/files/photo", params={"name": "photo"}, **file)
    assert_problem(answer, 415, "file_type_mismatch")
    assert ada.reads(airports, row["id"]) == row


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "a\\b.jpg", "a\x00b.jpg", "a\nb.jpg"])
def test_a_file_name_that_leads_elsewhere(send, ada, airports, name):
    row = ada.creates(airports, **airport())
    headers = {"Content-Type": "image/jpeg"}
    answer = send(
        "PUT", f"/{row['id']}/files/photo", params={"name": name}, data=PORTRAIT.read_bytes(), headers=headers
    )
    code = "malformed" if "\x00" in name else "file_name_refused"
    assert_problem(answer, 400 if "\x00" in name else 422, code)
    assert ada.reads(airports, row["id"]) == row


def test_a_value_that_is_taken(send, ada, airports):
    first = ada.creates(airports, **airport(1))
    second = ada.creates(airports, **airport(2))
    assert_problem(send("POST", json=airport(1)), 409, "value_taken")
    assert_problem(send("PATCH", f"/{second['id']}", json={"iata": first["iata"], "city": "Nome"}), 409, "value_taken")
    assert ada.counts(airports) == 2
    assert ada.reads(airports, second["id"]) == second


def test_an_idempotency_key_with_another_body(ada, airports, send):
    headers = {"Idempotency-Key": "the-same"}
    first = send("POST", json=airport(1), headers=headers)
    again = send("POST", json=airport(1), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    assert_problem(send("POST", json=airport(2), headers=headers), 422, "idempotency_key_reused")
    assert ada.counts(airports) == 1
