"""A real nginx on rendered configuration, in front of a small upstream that tells what it was sent."""

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from quintet import binaries, certificates, gateway, ports
from quintet.settings import OperatorSettings
from shared.testing import eventually
from shared.testing.certificates import Pair

PROBLEM = b'{"type":"/problems/own","title":"Own","status":409,"code":"own","request_id":"upstream"}'


class Upstream(BaseHTTPRequestHandler):
    """Answers with what it was sent, and a few paths in a way of their own."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.path == "/readyz":
            self._answer(200 if self.server.is_ready else 503, b"{}", {})
        elif self.server.is_ending and self.path.startswith(("/socket.io/", "/v1/events")):
            self._answer(503, PROBLEM, {"Content-Type": "application/problem+json"})
        elif self.path == "/v1/data/conflict":
            self._answer(409, PROBLEM, {"Content-Type": "application/problem+json"})
        elif self.path == "/v1/data/files/1":
            location = "/_files/" + self.headers["X-Key"]
            self._answer(200, b"", {"X-Accel-Redirect": location, "Content-Type": "image/png"})
        elif self.path == "/v1/data/cookie":
            self._answer(200, b"", {"Set-Cookie": "session=1; HttpOnly"})
        else:
            told = {"method": self.command, "path": self.path, "headers": dict(self.headers), "bytes": len(body)}
            self._answer(200, json.dumps({**told, "name": self.server.name}).encode(), {"X-Request-ID": "theirs"})

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stays silent."""


class Front:
    """A running nginx; `get` and the like ask it."""

    def __init__(self, folder: Path, upstreams: dict[str, list[int]], pair: Pair | None = None, **changes):
        self.folder, self.port, self.pair = folder, ports.choose(), pair
        settings = OperatorSettings(cors_origins="https://app.example,http://localhost:*")
        for name in ("public", "files", "run/nginx"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        user = gateway.worker_user(settings, folder)
        gateway.publish(folder / "public")
        if pair:
            url = changes.setdefault("public_url", f"https://127.0.0.1:{self.port}")
            changes.setdefault("listening", "tls")
            certificates.lay(pair.certificate, pair.key, folder / "tls", public_url=url)
        (folder / "public/openapi.json").write_text('{"openapi":"3.1.0"}')
        instances = {service: [f"127.0.0.1:{port}" for port in found] for service, found in upstreams.items()}
        described = gateway.described_by(settings, port=self.port, instances=instances, user=user)
        gateway.render(gateway.Gateway(**{**vars(described), **changes}), folder / "run/gateway")
        self.listens_on = [self.port, *([changes["http_port"]] if changes.get("http_port") else [])]
        self.program = binaries.nginx(settings)
        gateway.check(self.program, folder, {})

    def start(self) -> "Front":
        command = [str(self.program), "-p", f"{self.folder}/", "-c", "run/gateway/nginx.conf", "-e", "stderr"]
        self.log, self.errors = (self.folder / "log.json").open("wb"), (self.folder / "errors.txt").open("wb")
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=self.log, stderr=self.errors)
        eventually(lambda: not any(ports.is_free(port) for port in self.listens_on))
        return self

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self.log.close()
        self.errors.close()

    def ask(self, method: str, path: str, **more) -> requests.Response:
        scheme, trusted = ("https", str(self.pair.certificate)) if self.pair else ("http", True)
        asked = {"timeout": 60, "allow_redirects": False, "verify": trusted, **more}
        return requests.request(method, f"{scheme}://127.0.0.1:{self.port}{path}", **asked)

    def ask_until(self, status: int, method: str, path: str, **more) -> requests.Response:
        """The first answer of that status; before it there came none but 200."""

        def asked() -> list[requests.Response]:
            answer = self.ask(method, path, **more)
            assert answer.status_code in (200, status)
            return [answer] if answer.status_code == status else []

        return eventually(asked, every=0)[0]

    def logged(self, request_id: str) -> dict:
        """The access log's line of that request."""
        return eventually(lambda: next((one for one in self._lines() if one["request_id"] == request_id), None))

    def _lines(self) -> list[dict]:
        return [json.loads(line) for line in (self.folder / "log.json").read_text().splitlines()]


@pytest.fixture(scope="module")
def upstreams() -> Iterator[list[ThreadingHTTPServer]]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Upstream) for _ in range(2)]
    for number, server in enumerate(servers):
        server.name, server.is_ready, server.is_ending = f"upstream-{number}", True, False
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield servers
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def make_front(tmp_path_factory) -> Iterator:
    fronts = []

    def make(upstreams: dict[str, list[int]], **changes) -> Front:
        folder = tmp_path_factory.mktemp("front")
        folder.chmod(0o755)
        fronts.append(Front(folder, upstreams, **changes).start())
        return fronts[-1]

    yield make
    for front in fronts:
        front.stop()


@pytest.fixture(scope="module")
def front(make_front, upstreams) -> Front:
    """The gateway in front of five services, worker's being off, data's two instances."""
    first, second = (server.server_port for server in upstreams)
    instances = {"auth": [first], "data": [first, second], "realtime": [first, second], "mail": [second]}
    return make_front({**instances, "worker": [ports.choose()]}, max_body_bytes=2000, max_upload_bytes=50_000)


@pytest.fixture(scope="module")
def front_of_nobody(make_front) -> Front:
    """The gateway in front of a data that is off."""
    return make_front({"data": [ports.choose()]}, max_body_bytes=2000, max_upload_bytes=50_000)
