"""What Gunicorn itself refuses is a problem like any other, and it refuses nothing that the gateway lets through."""

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from quintet import ports
from shared.testing import eventually

SERVED_LIKE = Path(__file__).resolve().parent.parent.parent / "services/gunicorn.conf.py"
CONFIG = f"""
exec(open({str(SERVED_LIKE)!r}).read())
_refuse_wrong_settings = lambda server: None  # there is no service
"""
ENVIRONMENT = {"PYTHONPATH": str(SERVED_LIKE.parent.parent)}
APP = """
import pathlib, time

def app(environ, start_response):
    if environ["PATH_INFO"] == "/busy":
        pathlib.Path("begun").touch()
        until = time.monotonic() + 2
        while time.monotonic() < until:
            pass
    if environ["PATH_INFO"] == "/slow":
        pathlib.Path("begun").touch()
        while not pathlib.Path("go on").exists():
            time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.url_scheme"].encode()]
"""


@contextmanager
def served(folder: Path, worker: str, **environment: str) -> Iterator[tuple[int, subprocess.Popen]]:
    """A Gunicorn that is set up as the services' are: its port and its process."""
    port = ports.choose()
    (folder / "small.py").write_text(APP)
    (folder / "small.conf.py").write_text(CONFIG)
    command = [sys.executable, "-m", "gunicorn", "small:app", "--config", "small.conf.py", "--threads", "2"]
    command += ["--bind", f"127.0.0.1:{port}", "--worker-class", worker]
    with subprocess.Popen(command, cwd=folder, env=ENVIRONMENT | environment) as process:
        try:
            eventually(lambda: not ports.is_free(port), within=400)
            yield port, process
        finally:
            process.terminate()


@pytest.fixture(scope="module", params=["gthread", "gevent"])
def port(request, tmp_path_factory) -> Iterator[int]:
    """Where one with either of their workers listens."""
    with served(tmp_path_factory.mktemp("gunicorn"), request.param) as (port, _):
        yield port


def ask(port: int, *headers: bytes, path: bytes = b"/") -> tuple[int, str, bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
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


@pytest.mark.parametrize("worker", ["gthread", "gevent"])
def test_an_instance_that_shall_end_answers_on_and_keeps_no_connection(tmp_path, worker):
    with served(tmp_path, worker, DRAIN_SECONDS="10") as (port, process):
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        assert has_answered(kept) == "keep-alive"
        process.terminate()
        eventually(lambda: has_answered(kept) == "close")
        other = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        assert (has_answered(other), process.poll()) == ("close", None)
        assert process.wait(60) == 0


@pytest.mark.parametrize("worker", ["gthread", "gevent"])
def test_an_instance_that_ends_refuses_newcomers_while_it_finishes(tmp_path, worker):
    slow = http.client.HTTPConnection("127.0.0.1", timeout=60)
    with served(tmp_path, worker) as (slow.port, process), closing(slow):
        slow.request("GET", "/slow")
        eventually((tmp_path / "begun").exists)
        process.terminate()
        eventually(lambda: refuses(slow.port))
        assert process.poll() is None
        (tmp_path / "go on").touch()
        assert slow.getresponse().read() == b"http"
        assert process.wait(60) == 0


def test_who_has_connected_when_an_instance_ends_is_served(tmp_path):
    """While it computes, its event loop stands; who comes in that time waits in the kernel, and does not know it."""
    with served(tmp_path, "gevent") as (port, process), ThreadPoolExecutor(4) as clients:
        busy = clients.submit(ask, port, path=b"/busy")
        eventually((tmp_path / "begun").exists)
        late = [clients.submit(ask, port) for _ in range(3)]
        process.terminate()
        assert [one.result()[0] for one in [busy, *late]] == [200] * 4
        assert process.wait(30) == 0


def refuses(port: int) -> bool:
    """Whether nobody listens there, not even the kernel."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionRefusedError:
        return True
    return False


def has_answered(connection: http.client.HTTPConnection) -> str:
    """What an answer says of its connection."""
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    return answer.headers["Connection"]
