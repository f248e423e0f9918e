"""TLS with a certificate of our own: what is spoken, what is not, and where plain HTTP is led."""

import socket
import ssl

import pytest
import requests
import websocket

from quintet import ports
from shared.testing.certificates import pair_for


@pytest.fixture(scope="module")
def http_port() -> int:
    return ports.choose()


@pytest.fixture(scope="module")
def secure(make_front, upstreams, tmp_path_factory, http_port):
    """A gateway that speaks TLS, and plain HTTP beside it."""
    pair = pair_for(tmp_path_factory.mktemp("pair"), "127.0.0.1", "localhost")
    found = {name: [upstreams[0].server_port] for name in ("auth", "data", "realtime")}
    return make_front(found, pair=pair, http_port=http_port)


def shaken_hands(front, version: ssl.TLSVersion | None = None, protocols: tuple[str, ...] = ()) -> ssl.SSLSocket:
    """A connection by that version alone, its certificate checked."""
    context = ssl.create_default_context(cafile=str(front.pair.certificate))
    if version:
        context.maximum_version = version  # the older of the two first: it may not be above the other
        context.minimum_version = version
    context.set_alpn_protocols(list(protocols))
    plain = socket.create_connection(("127.0.0.1", front.port), timeout=60)
    try:
        return context.wrap_socket(plain, server_hostname="127.0.0.1")
    except BaseException:
        plain.close()
        raise


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken_with_forward_secrecy(secure, version):
    with shaken_hands(secure, version) as connection:
        cipher = connection.cipher()[0]
    assert cipher.startswith(("ECDHE-", "TLS_"))
    assert "CBC" not in cipher


@pytest.mark.filterwarnings("ignore:.*TLSv1.*:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_what_is_older_is_refused(secure, version):
    with pytest.raises(ssl.SSLError):
        shaken_hands(secure, version)


def test_http_2_is_offered_and_http_1_for_who_has_no_other(secure):
    with shaken_hands(secure, protocols=("h2", "http/1.1")) as connection:
        assert connection.selected_alpn_protocol() == "h2"
    with shaken_hands(secure, protocols=("http/1.1",)) as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"


def test_services_hear_of_https_and_browsers_are_held_to_it(secure):
    response = secure.ask("GET", "/v1/data/x")
    assert response.json()["headers"]["X-Forwarded-Proto"] == "https"
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_an_own_error_under_tls_is_a_problem_that_holds_browsers_to_it_too(secure):
    response = secure.ask("GET", "/nothing")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert response.headers["Strict-Transport-Security"]


def test_a_cookie_of_a_service_goes_by_tls_alone(secure, front):
    assert secure.ask("GET", "/v1/data/cookie").headers["Set-Cookie"] == "session=1; HttpOnly; Secure"
    assert front.ask("GET", "/v1/data/cookie").headers["Set-Cookie"] == "session=1; HttpOnly"


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_plain_http_is_led_to_our_own_address_under_https(secure, http_port, host):
    for port in (http_port, secure.port):
        asked = f"http://127.0.0.1:{port}/v1/data/x?a=b%20c"
        answer = requests.post(asked, headers={"Host": host}, data=b"{}", allow_redirects=False, timeout=60)
        assert (answer.status_code, answer.headers["Location"]) == (
            308,
            f"https://127.0.0.1:{secure.port}/v1/data/x?a=b%20c",
        )


def test_plain_http_tells_whether_the_gateway_lives_and_nothing_else(secure, http_port):
    plain = f"http://127.0.0.1:{http_port}"
    assert requests.get(f"{plain}/healthz", timeout=60).json() == {"status": "ok"}
    for path in ("/", "/docs", "/openapi.json", "/readyz", "/v1/auth/me"):
        assert requests.get(f"{plain}{path}", allow_redirects=False, timeout=60).status_code == 308


def test_a_certificate_s_challenge_is_answered_with_and_without_tls(secure, front, http_port):
    path = "/.well-known/acme-challenge/token-1"
    for one in (secure, front):
        file = one.folder / f"challenges{path}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("proof")
        assert one.ask("GET", path).text == "proof"
        assert one.ask("GET", "/.well-known/acme-challenge/none").status_code == 404
    assert requests.get(f"http://127.0.0.1:{http_port}{path}", timeout=60).text == "proof"


def test_a_page_of_the_gateway_itself_may_open_a_socket_under_tls(secure):
    own, strange = f"https://127.0.0.1:{secure.port}", "https://evil.example"
    assert secure.ask("GET", "/socket.io/?EIO=4", headers={"Origin": own}).status_code == 200
    assert secure.ask("GET", "/socket.io/?EIO=4", headers={"Origin": strange}).status_code == 403


def test_a_websocket_s_upgrade_passes_tls(secure):
    context = {"ca_certs": str(secure.pair.certificate)}
    address = f"wss://127.0.0.1:{secure.port}/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(websocket.WebSocketBadStatusException) as answer:  # this upstream only tells what it was sent
        websocket.create_connection(address, sslopt=context, timeout=60)
    assert b'"Upgrade": "websocket"' in answer.value.resp_body
