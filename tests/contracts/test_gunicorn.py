"""What Gunicorn itself refuses is a problem like any other, and it refuses nothing that the gateway lets through."""

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quintet import ports
from shared.testing import eventually

SERVED_LIKE = Path(__file__).resolve().parent.parent.parent / "services/gunicorn.conf.py"
CONFIG = f"""
exec(open({str(SERVED_LIKE)!r}).read())
del on_starting  # which looks at a service's settings
"""
APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.url_scheme"].encode()]
"""


@pytest.fixture(scope="module", params=["gthread", "gevent"])
def port(request, tmp_path_factory) -> Iterator[int]:
    """Where a Gunicorn listens that is set up as the services' are, with either of their workers."""
    folder, port = tmp_path_factory.mktemp("gunicorn"), ports.choose()
    (folder / "small.py").write_text(APP)
    (folder / "small.conf.py").write_text(CONFIG)
    command = [sys.executable, "-m", "gunicorn", "small:app", "--config", "small.conf.py", "--threads", "2"]
    command += ["--bind", f"127.0.0.1:{port}", "--worker-class", request.param]
    with subprocess.Popen(command, cwd=folder) as process:
        try:
            eventually(lambda: not ports.is_free(port))
            yield port
        finally:
            process.terminate()


def ask(port: int, *headers: bytes, path: bytes = b"/") -> tuple[int, str, bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        lines = [b"GET " + path + b" HTTP/1.1", b"Host: x", b"Connection: close", *headers]
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.headers["Content-Type"], answer.read()


@pytest.mark.parametrize("header", [b"X-A: b\x01", b"X(A): b", b"Transfer-Encoding: chunked, chunked"])
def test_a_request_that_gunicorn_can_not_read_is_a_problem(port, header):
    status, content_type, body = ask(port, header)
    assert (status, content_type) == (400, "application/problem+json")
    assert json.loads(body) == {
        "type": "/problems/malformed",
        "title": "Malformed",
        "status": 400,
        "detail": "The request could not be read.",
        "code": "malformed",
    }


@pytest.mark.parametrize("name", [b"X-Forwarded-SSL: on", b"X-Forwarded-Protocol: ssl"])
def test_what_a_client_says_of_its_scheme_counts_for_nothing(port, name):
    assert ask(port, name, b"X-Forwarded-Proto: http") == (200, "text/plain", b"http")


def test_the_length_of_addresses_and_headers_is_left_to_the_gateway(port):
    assert ask(port, path=b"/?" + b"x" * 16_000)[0] == 200
    assert ask(port, b"X-Long: " + b"x" * 16_000)[0] == 200
    assert ask(port, *[b"X-%d: 1" % number for number in range(900)])[0] == 200
