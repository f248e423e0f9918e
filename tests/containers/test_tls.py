"""The gateway's container with a certificate of its own, alone in a project of its own: nothing stands behind it."""

import secrets
import subprocess
import sys

import pytest
import requests

from demo.containers import Containers, said
from demo.waiting import eventually
from quintet import ports
from shared.testing.certificates import pair_for


@pytest.fixture
def secure(system, tmp_path):
    """The project of a gateway that `make env` was given a certificate for."""
    pair = pair_for(tmp_path, "127.0.0.1")
    port, plain = ports.choose(), ports.choose()
    settings = {
        "GATEWAY_ADDRESS": f"127.0.0.1:{plain}",
        "GATEWAY_TLS_ADDRESS": f"127.0.0.1:{port}",
        "PUBLIC_URL": f"https://127.0.0.1:{port}",
        "TLS_CERTIFICATE": str(pair.certificate),
        "TLS_KEY": str(pair.key),
        "QUINTET_TAG": system.known.get("QUINTET_TAG", "latest"),
    }
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    make_env(file)
    secure = Containers.of(f"quintet-tls-{secrets.token_hex(4)}", file, is_ours=True)
    try:
        secure.compose("up", "--detach", "--no-build", "--no-deps", "gateway")
        eventually(lambda: answered(secure, pair), "the gateway answers", within=120)
        yield secure
    finally:
        secure.compose("down", "--volumes", "--timeout", "5")


def make_env(file) -> None:
    said(sys.executable, "-m", "quintet", "env", "--file", str(file))


def answered(secure: Containers, pair, path: str = "/healthz") -> requests.Response | None:
    """The answer of who shows this certificate; None where nobody does."""
    try:
        return requests.get(secure.url + path, verify=str(pair.certificate), timeout=30)
    except requests.RequestException:
        return None


def test_it_speaks_tls_leads_plain_http_there_and_takes_a_renewed_certificate_in(secure, tmp_path):
    pair = pair_for(tmp_path, "127.0.0.1")  # in the place of the one that it serves
    assert answered(secure, pair) is None
    make_env(secure.env_file)
    secure.compose("kill", "-s", "HUP", "gateway")
    eventually(lambda: answered(secure, pair), "the renewed certificate")

    page = answered(secure, pair, "/docs")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    plain = requests.get(f"http://{secure.known['GATEWAY_ADDRESS']}/docs", allow_redirects=False, timeout=30)
    assert (plain.status_code, plain.headers["Location"]) == (308, f"{secure.url}/docs")


def test_the_key_is_nobody_s_but_the_container_s(secure):
    folder = secure.env_file.parent / "tls"
    assert folder.stat().st_mode & 0o077 == 0
    done = subprocess.run(["docker", "logs", secure.containers("gateway")[0]["Id"]], capture_output=True, text=True)
    assert "PRIVATE KEY" not in done.stdout + done.stderr
