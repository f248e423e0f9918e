"""A certificate is looked at before nginx is to serve it."""

import pytest

from quintet.certificates import lay, require_both
from quintet.failing import Failed
from shared.testing.certificates import pair_for

PUBLIC = "https://api.example.com"


def laid(tmp_path, certificate, key, url=PUBLIC) -> bool:
    return lay(certificate, key, tmp_path / "tls", public_url=url)


def test_both_are_laid_down_once_the_key_for_the_owner_alone(tmp_path):
    pair = pair_for(tmp_path, "api.example.com")
    assert laid(tmp_path, pair.certificate, pair.key)
    assert not laid(tmp_path, pair.certificate, pair.key)
    assert (tmp_path / "tls/key.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tls/certificate.pem").read_text() == pair.certificate.read_text()


@pytest.mark.parametrize(
    ("names", "url"),
    [
        (["other.example", "API.example.com"], PUBLIC),
        (["*.example.com"], PUBLIC),
        (["*.example.com"], f"{PUBLIC}:8443"),
        (["192.0.2.1"], "https://192.0.2.1"),
        (["2001:db8::1"], "https://[2001:db8::1]:8443"),
    ],
)
def test_a_certificate_for_the_public_name_is_taken(tmp_path, names, url):
    pair = pair_for(tmp_path, *names)
    assert laid(tmp_path, pair.certificate, pair.key, url)


@pytest.mark.parametrize("names", [["example.com"], ["a.api.example.com"], ["*.com"], ["api.example.com.evil"], []])
def test_one_for_another_name_is_refused(tmp_path, names):
    pair = pair_for(tmp_path, *names)
    with pytest.raises(Failed, match=r"is not for api\.example\.com"):
        laid(tmp_path, pair.certificate, pair.key)


def test_one_that_has_expired_is_refused(tmp_path):
    pair = pair_for(tmp_path, "api.example.com", days=0)
    with pytest.raises(Failed, match="has been invalid since"):
        laid(tmp_path, pair.certificate, pair.key)


def test_the_key_of_another_is_refused_and_what_was_there_stays(tmp_path):
    pair, other = pair_for(tmp_path / "one", "api.example.com"), pair_for(tmp_path / "two", "api.example.com")
    laid(tmp_path, pair.certificate, pair.key)
    with pytest.raises(Failed, match="is not the key of"):
        laid(tmp_path, other.certificate, pair.key)
    assert (tmp_path / "tls/certificate.pem").read_text() == pair.certificate.read_text()


def test_what_is_no_certificate_or_no_key_or_not_there_is_refused(tmp_path):
    pair = pair_for(tmp_path, "api.example.com")
    with pytest.raises(Failed, match="no certificate in PEM"):
        laid(tmp_path, pair.key, pair.key)
    with pytest.raises(Failed, match="no key in PEM"):
        laid(tmp_path, pair.certificate, pair.certificate)
    with pytest.raises(Failed, match="TLS_KEY: "):
        laid(tmp_path, pair.certificate, tmp_path / "none")


def test_an_address_without_tls_is_refused(tmp_path):
    pair = pair_for(tmp_path, "api.example.com")
    with pytest.raises(Failed, match="begins with https"):
        laid(tmp_path, pair.certificate, pair.key, "http://api.example.com")


def test_one_of_the_two_alone_is_refused(tmp_path):
    assert require_both("a", "b")
    assert not require_both("", None)
    with pytest.raises(Failed, match="belong together"):
        require_both("a", None)
