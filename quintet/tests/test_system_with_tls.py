"""A whole system whose gateway has a certificate of its own: requests, a live socket, a renewal, no way around TLS."""

import json
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import socketio

from quintet import ports, readiness
from quintet.state import ROOT, State
from shared.testing import eventually
from shared.testing.certificates import Pair, pair_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


class Operator:
    """Someone with a certificate, a state folder and the operator's command."""

    def __init__(self, folder: Path):
        self.state, self.given = State(folder / "var"), folder / "given"
        self.pair = pair_for(self.given, "127.0.0.1")
        self.port, self.http_port = ports.choose(), ports.choose()

    def types(self, *words: str, expecting: int = 0, pair: Pair | None) -> str:
        """What the command says; fails where it does not end with that status."""
        settings = {"HTTP_PORT": str(self.http_port)}
        settings |= {"TLS_CERTIFICATE": str(pair.certificate), "TLS_KEY": str(pair.key)} if pair else {}
        command = [str(ROOT / "bin/quintet"), words[0], "--state", str(self.state.folder), *words[1:]]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.given), **settings}
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=environment)
        assert done.returncode == expecting, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, **more) -> requests.Response:
        return requests.request(method, self.url + path, timeout=60, verify=str(self.pair.certificate), **more)


@pytest.fixture(scope="module")
def operator() -> Iterator[Operator]:
    above = Path(tempfile.mkdtemp(prefix="quintet-"))
    above.chmod(0o711)
    operator = Operator(above)
    try:
        said = operator.types("up", "--port", str(operator.port), "--mail-port", "0", pair=operator.pair)
        assert f"API        {operator.url}\n" in said
        yield operator
    finally:
        operator.types("down", pair=None)
        shutil.rmtree(above)


@pytest.fixture
def token(operator) -> str:
    password = operator.state.path("secrets/admin_password").read_text().strip()
    body = {"email": "admin@example.com", "password": password}
    return operator.ask("POST", "/v1/auth/sessions", json=body).json()["access_token"]


def test_every_process_is_ready_and_the_gateway_seen_through_tls(operator):
    eventually(lambda: "gateway" in operator.types("status", pair=None), within=120)
    eventually(lambda: operator.ask("GET", "/readyz").json()["status"] == "ready", within=60)
    assert readiness.answers(operator.port, "/healthz")[0] == 308


def test_plain_http_is_led_to_https(operator):
    answer = requests.get(f"http://127.0.0.1:{operator.http_port}/docs", allow_redirects=False, timeout=5)
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{operator.url}/docs")


def test_tokens_name_the_address_under_https(operator, token):
    assert operator.ask("GET", "/v1/auth/me", headers={"Authorization": f"Bearer {token}"}).ok


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_live_update_comes_by_a_socket_under_tls(operator, token, transport):
    admin, name = {"Authorization": f"Bearer {token}"}, f"places_{transport}"
    rules = dict.fromkeys(("list", "view", "create", "update", "delete"), "@me.id != null")
    wanted = {"name": name, "fields": [{"name": "name", "type": "text"}], "rules": rules}
    made = operator.ask("POST", "/v1/data/collections", headers=admin, json=wanted)
    assert made.status_code == 201, made.text
    ours = str(operator.pair.certificate)
    trusting = {"context": ssl.create_default_context(cafile=ours)}
    session = requests.Session()
    session.verify, session.trust_env = ours, False  # the environment's authorities would go before ours
    live = socketio.Client(http_session=session, websocket_extra_options={"sslopt": trusting})
    changes = []
    live.on("change", changes.append)
    live.connect(operator.url, auth={"token": token}, transports=[transport], wait_timeout=30)
    try:
        eventually(lambda: "offset" in str(live.call("subscribe", {"collection": name})), within=60)
        operator.ask("POST", f"/v1/data/collections/{name}/records", headers=admin, json={"name": "Juneau"})
        assert eventually(lambda: changes, within=60)[0]["kind"] == "created"
    finally:
        live.disconnect()


def test_tls_does_not_go_where_its_settings_were_left_out(operator):
    said = operator.types("up", "--scale", "data=2", pair=None, expecting=1)
    assert "run `make down` first" in said


def test_a_renewed_certificate_is_served_without_a_pause(operator):
    before = json.loads(operator.state.path("state.json").read_text())
    eventually(lambda: "is up already" in operator.types("up", pair=operator.pair), within=120)
    operator.pair = pair_for(operator.given, "127.0.0.1")
    assert "gateway reloaded" in operator.types("up", pair=operator.pair)

    def is_served() -> bool:
        try:
            return operator.ask("GET", "/healthz").ok
        except requests.exceptions.SSLError:
            return False  # nginx's workers from before take a connection until they are told

    eventually(is_served, within=60)
    assert json.loads(operator.state.path("state.json").read_text()) == before
