"""Behind a proxy that speaks TLS: its word counts, on the client's address and scheme, and nobody else's."""

import http.client
import itertools
import json
from types import SimpleNamespace

import pytest

from quintet import gateway
from shared.testing import eventually

PROXY, STRANGER = "127.0.0.2", "127.0.0.3"
PUBLIC = "https://api.example"


@pytest.fixture(scope="module")
def behind(make_front, upstreams):
    """A gateway that trusts PROXY, and is known as PUBLIC."""
    trusted = gateway.trusting(f"{PROXY}, 10.0.0.0/8")
    found = {"data": [upstreams[0].server_port], "realtime": [upstreams[0].server_port]}
    return make_front(found, public_url=PUBLIC, **trusted)


def ask(front, path: str = "/v1/data/x", *, by: str = PROXY, method: str = "GET", **headers: str) -> SimpleNamespace:
    """The answer to a request that comes from that address."""
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=60, source_address=(by, 0))
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return SimpleNamespace(status=answer.status, headers=answer.headers, body=answer.read())
    finally:
        connection.close()


def told(answer: SimpleNamespace) -> dict[str, str]:
    """The headers that a service was sent."""
    return json.loads(answer.body)["headers"]


def test_a_service_hears_of_the_client_s_own_address(behind):
    assert told(ask(behind, X_Forwarded_For="198.51.100.7"))["X-Forwarded-For"] == "198.51.100.7"


def test_what_a_client_wrote_before_our_proxies_is_passed_over(behind):
    chain = "6.6.6.6, 198.51.100.7, 10.1.2.3"
    assert told(ask(behind, X_Forwarded_For=chain))["X-Forwarded-For"] == "198.51.100.7"


def test_a_stranger_that_names_an_address_is_not_believed(behind):
    assert told(ask(behind, by=STRANGER, X_Forwarded_For="198.51.100.7"))["X-Forwarded-For"] == STRANGER


def test_the_log_has_the_client_s_own_address(behind):
    answer = ask(behind, X_Forwarded_For="198.51.100.8")
    assert behind.logged(answer.headers["X-Request-ID"])["client"] == "198.51.100.8"


def test_services_hear_of_https_and_browsers_are_held_to_it(behind):
    answer = ask(behind, X_Forwarded_Proto="https", X_Forwarded_For="198.51.100.7")
    assert told(answer)["X-Forwarded-Proto"] == "https"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_cookie_of_a_service_goes_by_tls_alone(behind):
    answer = ask(behind, "/v1/data/cookie", X_Forwarded_Proto="https", X_Forwarded_For="198.51.100.7")
    assert answer.headers["Set-Cookie"] == "session=1; HttpOnly; Secure"


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_who_came_to_the_proxy_without_tls_is_led_to_https(behind, method):
    forwarded = {"X_Forwarded_Proto": "http", "X_Forwarded_For": "198.51.100.7", "Host": "evil.example"}
    answer = ask(behind, "/v1/data/x?a=1", method=method, **forwarded)
    assert (answer.status, answer.headers["Location"]) == (308, f"{PUBLIC}/v1/data/x?a=1")


def test_a_stranger_s_word_on_the_scheme_changes_nothing(behind, front):
    answer = ask(behind, by=STRANGER, X_Forwarded_Proto="http")
    assert (answer.status, told(answer)["X-Forwarded-Proto"]) == (200, "https")
    assert told(ask(front, by=STRANGER, X_Forwarded_Proto="https"))["X-Forwarded-Proto"] == "http"


def test_rates_are_limited_by_the_client_s_own_address(make_front, upstreams):
    trusted = gateway.trusting(PROXY)
    front = make_front({"data": [upstreams[0].server_port]}, rate_per_second=1, public_url=PUBLIC, **trusted)
    assert ask(front, X_Forwarded_For="198.51.100.7").status == 200
    eventually(lambda: ask(front, X_Forwarded_For="198.51.100.7").status == 429, every=0)
    assert ask(front, X_Forwarded_For="198.51.100.8").status == 200
    names = (f"198.51.100.{number % 200}" for number in itertools.count())
    assert ask(front, by=STRANGER, X_Forwarded_For=next(names)).status == 200
    eventually(lambda: ask(front, by=STRANGER, X_Forwarded_For=next(names)).status == 429, every=0)
