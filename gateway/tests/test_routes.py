"""Where requests go, what goes with them, and what comes back."""

import pytest

from quintet import ports

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ORIGIN = {"Origin": "https://app.example"}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/auth/me",
        "/.well-known/jwks.json",
        "/v1/data/collections",
        "/v1/mail/deliveries",
        "/v1/realtime/rooms/a/messages",
        "/socket.io/?EIO=4",
        "/v1/events?since=beginning",
        "/v1/events/types/shop.order_placed",
        "/v1/bus/auth/status",
        "/v1/bus/realtime/dead",
    ],
)
def test_every_service_is_reached_by_its_paths(front, path):
    assert front.ask("GET", path).json()["path"] == path


def test_a_service_beyond_the_five_is_reached_under_its_name(make_front, upstreams):
    front = make_front({"auth": [ports.choose()], "greeter": [upstreams[0].server_port]})
    assert front.ask("GET", "/v1/greeter/greetings").json()["path"] == "/v1/greeter/greetings"
    assert front.ask("GET", "/readyz/greeter").status_code == 200


def test_there_is_no_bus_of_a_service_that_is_none(front):
    assert front.ask("GET", "/v1/bus/operator/status").status_code == 404


def test_instances_share_the_load(front):
    assert {front.ask("GET", "/v1/data/x").json()["name"] for _ in range(20)} == {"upstream-0", "upstream-1"}


def test_long_polling_comes_back_to_the_same_instance(front):
    asked = [f"/socket.io/?EIO=4&transport=polling&sid={number}" for number in range(10)]
    assert len({front.ask("GET", path).json()["name"] for path in asked}) == 1


def test_sockets_that_begin_as_such_are_spread(front):
    path = "/socket.io/?EIO=4&transport=websocket"
    assert {front.ask("GET", path).json()["name"] for _ in range(30)} == {"upstream-0", "upstream-1"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/socket.io/?EIO=4&transport=websocket"),
        ("GET", "/socket.io/?EIO=4&transport=polling"),
        ("POST", "/socket.io/?EIO=4&transport=polling&sid=of-another-instance"),
        ("GET", "/v1/events?wait=30"),
    ],
)
@pytest.mark.parametrize("ending", [0, 1])
def test_an_instance_that_is_about_to_end_sends_who_comes_anew_to_another(make_front, upstreams, method, path, ending):
    upstreams[ending].is_ending = True
    front = make_front({"realtime": [server.server_port for server in upstreams]})
    try:
        assert {front.ask(method, path).json()["name"] for _ in range(20)} == {f"upstream-{1 - ending}"}
    finally:
        upstreams[ending].is_ending = False


def test_where_all_are_about_to_end_their_own_words_pass(make_front, upstreams):
    upstreams[0].is_ending = True
    front = make_front({"realtime": [upstreams[0].server_port]})
    try:
        answer = front.ask("GET", "/socket.io/?EIO=4&transport=websocket")
        assert (answer.status_code, answer.json()["code"]) == (503, "own")
    finally:
        upstreams[0].is_ending = False


def test_an_instance_that_is_off_costs_no_request(make_front, upstreams):
    from quintet import ports

    front = make_front({"data": [ports.choose(), upstreams[0].server_port]})
    assert [front.ask(method, "/v1/data/x").status_code for method in ("GET", "POST") * 10] == [200] * 20


def test_an_upgrade_is_asked_for_sockets_alone(front):
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    told = front.ask("GET", "/socket.io/?transport=websocket", headers=headers).json()["headers"]
    assert (told["Upgrade"], told["Connection"]) == ("websocket", "upgrade")
    assert "Upgrade" not in front.ask("GET", "/v1/data/x", headers=headers).json()["headers"]


def test_a_valid_traceparent_is_handed_on_and_logged(front):
    given = f"00-{TRACE}-00f067aa0ba902b7-01"
    response = front.ask("GET", "/v1/data/x?secret=1", headers={"traceparent": given})
    assert response.json()["headers"]["Traceparent".lower()] == given
    assert response.headers["traceparent"] == given
    line = front.logged(response.headers["X-Request-ID"])
    assert line["trace_id"] == TRACE
    assert (line["method"], line["path"], line["status"], line["service"]) == ("GET", "/v1/data/x", 200, "gateway")


@pytest.mark.parametrize("given", [None, "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{TRACE}-00f067aa-01"])
def test_a_new_trace_begins_where_none_or_no_valid_one_is_given(front, given):
    response = front.ask("GET", "/v1/data/x", headers={"traceparent": given} if given else {})
    request_id = response.headers["X-Request-ID"]
    assert response.headers["traceparent"] == f"00-{request_id}-{request_id[:16]}-01"
    assert response.json()["headers"]["X-Request-ID"] == request_id
    assert front.logged(request_id)["trace_id"] == request_id


def test_what_a_client_says_of_itself_is_not_believed(front):
    claims = {"X-Forwarded-For": "6.6.6.6", "X-Request-ID": "mine", "X-Forwarded-Proto": "https"}
    told = front.ask("GET", "/v1/data/x", headers=claims).json()["headers"]
    assert (told["X-Forwarded-For"], told["X-Forwarded-Proto"]) == ("127.0.0.1", "http")
    assert told["X-Request-ID"] != "mine"


def test_the_token_of_a_mailed_link_is_not_logged(front):
    response = front.ask("GET", "/v1/auth/verifications/verysecret")
    assert front.logged(response.headers["X-Request-ID"])["path"] == "/v1/auth/verifications/[redacted]"


def test_every_answer_carries_the_security_headers_once(front):
    for path in ("/v1/data/x", "/nothing", "/healthz", "/docs"):
        raw = front.ask("GET", path).raw.headers
        for name in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy"):
            assert len(raw.getlist(name)) == 1, (path, name)


def test_a_page_of_an_allowed_origin_may_read_answers(front):
    headers = front.ask("GET", "/v1/data/x", headers=ORIGIN).headers
    assert headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Idempotency-Replayed" in headers["Access-Control-Expose-Headers"]
    assert "Origin" in headers["Vary"]


def test_a_page_of_a_strange_origin_may_not(front):
    headers = front.ask("GET", "/v1/data/x", headers={"Origin": "https://evil.example"}).headers
    assert "Access-Control-Allow-Origin" not in headers


def test_a_preflight_is_answered_by_the_gateway(front):
    asked = {**ORIGIN, "Access-Control-Request-Method": "PUT"}
    response = front.ask("OPTIONS", "/v1/data/x", headers=asked)
    assert response.status_code == 204
    assert "PUT" in response.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in response.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [(None, 200), ("https://app.example", 200), ("http://localhost:3000", 200), ("https://evil.example", 403)],
)
def test_sockets_are_refused_to_pages_of_strange_origins(front, origin, status):
    headers = {"Origin": origin} if origin else {}
    assert front.ask("GET", "/socket.io/?EIO=4", headers=headers).status_code == status


def test_sockets_are_open_to_pages_of_the_gateway_itself(front):
    headers = {"Origin": "http://own.example:1", "Host": "own.example:1"}
    assert front.ask("GET", "/socket.io/?EIO=4", headers=headers).status_code == 200


def test_a_stored_file_is_sent_with_the_service_s_type_and_can_run_nothing(front):
    (front.folder / "files/pictures").mkdir(exist_ok=True)
    (front.folder / "files/pictures/a1").write_bytes(b"png")
    response = front.ask("GET", "/v1/data/files/1", headers={"X-Key": "pictures/a1"})
    assert (response.status_code, response.content) == (200, b"png")
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("key", ["missing", "../run/gateway/nginx.conf", "%2e%2e/run/gateway/nginx.conf"])
def test_nothing_outside_the_object_store_is_sent(front, key):
    response = front.ask("GET", "/v1/data/files/1", headers={"X-Key": key})
    assert response.status_code in (403, 404, 500, 502)
    assert response.headers["Content-Type"] == "application/problem+json"


def test_files_can_not_be_asked_for_past_their_service(front):
    (front.folder / "files/a2").write_bytes(b"x")
    assert front.ask("GET", "/_files/a2").status_code == 404


def test_the_api_page_loads_nothing_from_elsewhere(front):
    page = front.ask("GET", "/docs")
    assert page.headers["Content-Type"] == "text/html"
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "http" not in policy
    for path in ("/docs/scalar.js", "/docs/reference.js"):
        assert front.ask("GET", path).headers["Content-Type"] == "text/javascript"
    assert front.ask("GET", "/openapi.json").json() == {"openapi": "3.1.0"}
    assert "://" not in page.text


def test_the_gateway_tells_that_it_lives(front):
    assert front.ask("GET", "/healthz").json() == {"status": "ok"}


def test_readiness_names_the_service_that_is_not_ready(front):
    document = front.ask("GET", "/readyz")
    assert document.status_code == 503
    assert document.headers["Content-Type"] == "application/problem+json"
    assert document.json()["service"] == "worker"


def test_readiness_is_that_of_all_services(make_front, upstreams):
    upstream = upstreams[0]
    front = make_front({"auth": [upstream.server_port], "data": [upstream.server_port]})
    assert front.ask("GET", "/readyz").json() == {"status": "ready", "services": ["auth", "data"]}
    upstream.is_ready = False
    try:
        assert front.ask("GET", "/readyz").json()["service"] == "auth"
    finally:
        upstream.is_ready = True
    assert front.ask("GET", "/readyz/data").status_code == 200
