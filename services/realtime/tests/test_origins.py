"""Which web pages may open sockets."""

import pytest

from services.realtime.origins import may_connect
from services.realtime.settings import RealtimeSettings
from shared.testing.identity import ISSUER, settings_for


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (ISSUER, True),
        ("https://app.example", True),
        ("http://localhost:8080", True),
        (None, True),
        ("https://elsewhere.example", False),
        ("null", False),
        ("http://localhost:8081", False),
    ],
)
def test_only_known_pages_and_those_of_the_same_host_may_connect(origin, is_allowed):
    check = may_connect(settings_for(RealtimeSettings, allowed_origins=["https://app.example/"]))
    assert check(origin, {"HTTP_HOST": "localhost:8080"}) is is_allowed


def test_a_star_lets_every_page_connect():
    assert may_connect(settings_for(RealtimeSettings, allowed_origins=["*"]))("https://elsewhere.example", {})
