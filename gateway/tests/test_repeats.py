"""An instance takes a request and dies before it answers: who is asked again, and who is told that nobody knows."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gateway.tests.test_problems import assert_own_problem
from quintet import ports

KEY = {"Idempotency-Key": "0190-one"}
RECORDS = "/v1/data/collections/airports/records"


class Mortal(BaseHTTPRequestHandler):
    """Notes what it takes, whole; the first so many requests are the end of their connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        book = self.server.book
        with book.lock:
            book.taken.append((self.command, self.path, body, self.headers.get("Idempotency-Key")))
            book.deaths -= 1
            is_dying = book.deaths >= 0
        if is_dying:
            self.close_connection = True
            return
        self.send_response(201)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Stays silent."""


class Book:
    """What the instances took, and how many more of them die of it."""

    def __init__(self) -> None:
        self.taken, self.deaths, self.lock = [], 1, threading.Lock()


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def mortals(book) -> Iterator[list[int]]:
    """The ports of three instances."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Mortal) for _ in range(3)]
    for server in servers:
        server.book, server.daemon_threads = book, True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield [server.server_port for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def front(make_front, mortals):
    return make_front({"auth": mortals, "data": mortals, "greeter": mortals}, max_body_bytes=200_000)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_what_has_a_key_is_put_to_another_instance(front, book, method):
    response = front.ask(method, RECORDS, data=b"the body", headers=KEY)
    assert (response.status_code, response.content) == (201, b"{}")
    assert book.taken == [(method, RECORDS, b"the body", KEY["Idempotency-Key"])] * 2


def test_a_body_that_nginx_keeps_in_a_file_comes_whole_a_second_time(front, book):
    body = b"0123456789" * 15_000
    assert front.ask("POST", f"{RECORDS}?fields=a%2Fb", data=body, headers=KEY).status_code == 201
    assert [taken[1:3] for taken in book.taken] == [(f"{RECORDS}?fields=a%2Fb", body)] * 2


def test_two_instances_may_die_of_one_request(front, book):
    book.deaths = 2
    assert front.ask("POST", RECORDS, json={}, headers=KEY).status_code == 201
    assert len(book.taken) == 3


def test_the_request_that_was_repeated_is_one_line_of_the_log(front):
    line = front.logged(front.ask("POST", RECORDS, json={}, headers=KEY).headers["X-Request-ID"])
    assert (line["method"], line["path"], line["status"]) == ("POST", RECORDS, 201)
    assert line["upstream_status"] == "502 : 201"


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_has_no_key_is_not_repeated(front, book, method):
    assert_own_problem(front.ask(method, RECORDS, json={}), 502, "bad_gateway")
    assert len(book.taken) == 1


@pytest.mark.parametrize("path", ["/v1/auth/sessions", "/v1/auth/tokens"])
def test_a_key_counts_for_nothing_where_no_answers_are_kept(front, book, path):
    assert_own_problem(front.ask("POST", path, json={}, headers=KEY), 502, "bad_gateway")
    assert len(book.taken) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/v1/auth/accounts",
        "/v1/greeter/greetings",
        "/v1/bus/data/replays",
        "/v1/data/collections/airports/imports",
    ],
)
def test_every_service_s_keyed_requests_are_repeated(front, book, path):
    assert front.ask("POST", path, json={}, headers=KEY).status_code == 201
    assert len(book.taken) == 2


def test_what_only_reads_is_put_to_as_many_as_it_takes(front, book):
    book.deaths = 2
    assert front.ask("GET", RECORDS).status_code == 201
    assert len(book.taken) == 3


def test_sockets_find_the_instance_that_came_back_when_the_other_goes(make_front, mortals, book):
    """A failure is forgiven at the end of a request that went well, and a socket has no end."""
    front = make_front({"realtime": mortals[:2]})
    book.deaths = 5
    statuses = [front.ask("GET", "/socket.io/?EIO=4&transport=websocket").status_code for _ in range(20)]
    assert (statuses.count(502), statuses[2:]) == (1, [201] * 18)


def test_a_request_that_every_instance_dies_of_is_a_problem_in_the_end(front, book):
    book.deaths = 100
    assert_own_problem(front.ask("POST", RECORDS, json={}, headers=KEY), 502, "bad_gateway")
    assert len(book.taken) <= 4


def test_what_was_never_sent_is_asked_again_whatever_it_is(make_front):
    front = make_front({"data": [ports.choose()]})
    response = front.ask("POST", RECORDS, json={})
    assert_own_problem(response, 502, "bad_gateway")
    assert front.logged(response.headers["X-Request-ID"])["upstream_status"] == "502 : 502"
