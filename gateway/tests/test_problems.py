"""Whatever goes wrong in the gateway itself is a problem document like any service's."""

import json
import socket

import pytest

NOT_ROUTED = ["/nothing", "/internal/events", "/metrics", "/v1/auth/../../internal/events", "/_problem", "/_ready"]


def assert_own_problem(response, status: int, code: str) -> dict:
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["code"] == code
    assert document["type"] == f"/problems/{code.replace('_', '-')}"
    assert document["request_id"] == response.headers["X-Request-ID"]
    assert document["title"]
    assert document["detail"]
    return document


@pytest.mark.parametrize("path", NOT_ROUTED)
def test_what_is_not_routed_is_not_found(front, path):
    assert_own_problem(front.ask("GET", path), 404, "not_found")


def test_a_service_that_is_off_is_a_bad_gateway_that_says_when_to_come_again(front):
    response = front.ask("GET", "/v1/jobs")
    assert_own_problem(response, 502, "bad_gateway")
    assert response.headers["Retry-After"] == "1"


def test_a_body_over_the_limit_is_too_large(front):
    assert_own_problem(front.ask("POST", "/v1/auth/accounts", data=b"x" * 2001), 413, "too_large")


def test_a_chunked_body_over_the_limit_is_too_large(front):
    response = front.ask("POST", "/v1/data/collections", data=iter([b"x" * 1500, b"x" * 1500]))
    assert_own_problem(response, 413, "too_large")


@pytest.mark.parametrize("path", ["records/1/files/photo", "imports"])
def test_uploads_may_be_larger_but_not_without_end(front, path):
    address = f"/v1/data/collections/airports/{path}"
    assert front.ask("PUT", address, data=b"x" * 49_000).json()["bytes"] == 49_000
    assert_own_problem(front.ask("PUT", address, data=b"x" * 51_000), 413, "too_large")


@pytest.mark.parametrize("path", ["records/1/files/photo", "imports"])
def test_a_chunked_upload_over_the_limit_is_too_large(front, path):
    response = front.ask("PUT", f"/v1/data/collections/airports/{path}", data=iter([b"x" * 30_000, b"x" * 30_000]))
    assert_own_problem(response, 413, "too_large")


def test_an_upload_that_no_instance_takes_is_a_bad_gateway(front_of_nobody):
    response = front_of_nobody.ask("PUT", "/v1/data/collections/airports/records/1/files/photo", data=b"x" * 30_000)
    assert_own_problem(response, 502, "bad_gateway")


def test_a_part_that_a_file_does_not_have_is_a_problem_with_each_header_once(front):
    (front.folder / "files/short.png").write_bytes(b"png")
    asked = {"X-Key": "short.png", "Range": "bytes=99-", "Origin": "https://app.example"}
    response = front.ask("GET", "/v1/data/files/1", headers=asked)
    assert_own_problem(response, 416, "range_not_satisfiable")
    assert response.headers["Content-Range"] == "bytes */3"
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"


def test_a_version_of_http_that_is_not_spoken_is_a_problem(front):
    with socket.create_connection(("127.0.0.1", front.port), timeout=5) as connection:
        connection.sendall(b"GET /v1/data/ HTTP/9.9\r\nHost: a\r\n\r\n")
        head, _, body = connection.makefile("rb").read().decode().partition("\r\n\r\n")
    assert "505 " in head
    assert json.loads(body)["code"] == "http_version_not_supported"


def test_an_address_over_the_limit_is_said_so(front):
    assert_own_problem(front.ask("GET", "/v1/data/?" + "x" * 20_000), 414, "uri_too_long")


def test_an_error_is_logged_with_the_method_that_was_asked(front):
    response = front.ask("POST", "/v1/auth/accounts", data=b"x" * 2001)
    line = front.logged(response.headers["X-Request-ID"])
    assert (line["method"], line["path"], line["status"]) == ("POST", "/v1/auth/accounts", 413)


def test_a_file_s_condition_that_fails_is_a_problem(front):
    response = front.ask("GET", "/docs/reference.js", headers={"If-Match": '"another"'})
    assert_own_problem(response, 412, "precondition_failed")


def test_a_redirect_never_leads_to_a_host_that_the_client_named(front):
    response = front.ask("GET", "/v1/data", headers={"Host": "evil.example"})
    assert (response.status_code, response.headers["Location"]) == (301, "/v1/data/")


def test_headers_over_the_limit_are_said_so(front):
    assert_own_problem(front.ask("GET", "/v1/data/", headers={"X-Long": "x" * 20_000}), 431, "headers_too_large")


def test_a_request_that_is_no_http_is_malformed(front):
    with socket.create_connection(("127.0.0.1", front.port), timeout=60) as connection:
        connection.sendall(b"GET /v1/data/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        answer = connection.makefile("rb").read().decode()
    head, _, body = answer.partition("\r\n\r\n")
    assert "400 Bad Request" in head
    assert "application/problem+json" in head
    assert json.loads(body)["code"] == "malformed"


def test_a_method_that_the_gateway_does_not_know_is_not_allowed(front):
    assert_own_problem(front.ask("TRACE", "/v1/data/"), 405, "method_not_allowed")


def test_a_service_s_own_problem_passes_untouched(front):
    response = front.ask("GET", "/v1/data/conflict")
    assert response.status_code == 409
    assert response.json()["request_id"] == "upstream"
    assert response.headers["Content-Type"] == "application/problem+json"


def test_too_many_requests_are_told_when_to_come_again(make_front, upstreams):
    front = make_front({"auth": [upstreams[0].server_port]}, auth_rate_per_second=1)
    answers = [front.ask("POST", "/v1/auth/sessions", json={}) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 200]
    refused = front.ask_until(429, "POST", "/v1/auth/sessions", json={})
    assert_own_problem(refused, 429, "too_many")
    assert refused.headers["Retry-After"] == "1"
    assert front.ask("GET", "/v1/auth/me").status_code == 200


def test_too_many_requests_of_any_kind_are_refused(make_front, upstreams):
    front = make_front({"data": [upstreams[0].server_port]}, rate_per_second=1)
    assert front.ask("GET", "/v1/data/x").status_code == 200
    front.ask_until(429, "GET", "/v1/data/x")
