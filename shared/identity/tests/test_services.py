"""Service tokens: who a service is, for one target, for a minute."""

from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared import clock
from shared.identity import ServiceTokens
from shared.identity.problems import TokenExpired, TokenInvalid
from shared.settings import Settings
from shared.testing.identity import private_pem, settings_for


class DataSettings(Settings):
    service = "data"


@pytest.fixture
def data():
    return ServiceTokens("data", settings_for(DataSettings))


@pytest.fixture
def mail():
    class MailSettings(Settings):
        service = "mail"

    return ServiceTokens("mail", settings_for(MailSettings))


def test_a_target_learns_which_service_asks(data, mail):
    identity = mail.verify(data.issue("mail"))
    assert (identity.id, identity.role, identity.actor) == ("data", "service", "services/data")


def test_a_token_for_another_target_is_refused(data, mail):
    with pytest.raises(TokenInvalid):
        mail.verify(data.issue("worker"))


def test_a_token_is_given_again_until_its_end_comes_near(data):
    start = clock.now()
    with clock.told_by(lambda: start):
        token = data.issue("mail")
    with clock.told_by(lambda: start + timedelta(seconds=30)):
        assert data.issue("mail") == token
    with clock.told_by(lambda: start + timedelta(seconds=45)):
        assert data.issue("mail") != token


def test_a_token_is_good_for_a_minute(data, mail):
    long_ago = clock.now() - timedelta(seconds=70)
    with clock.told_by(lambda: long_ago):
        token = data.issue("mail")
    with pytest.raises(TokenExpired):
        mail.verify(token)


def test_a_service_can_not_speak_for_another(mail):
    forger = ServiceTokens("operator", settings_for(DataSettings))  # data's key, the operator's name
    with pytest.raises(TokenInvalid):
        mail.verify(forger.issue("mail"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "nobody"},
        {"type": "access"},
        {"type": None},
        {"exp": None},
        {"iss": None},
        {"exp": 10**18},
        {"exp": "9" * 10},
    ],
)
def test_a_token_with_other_claims_is_refused(mail, wrong):
    key = Ed25519PrivateKey.generate()
    now = clock.now()
    says = {"iss": "data", "aud": "mail", "iat": now, "exp": now + timedelta(seconds=60), "type": "service"} | wrong
    signer = ServiceTokens("data", settings_for(DataSettings))
    for private in (key, signer._private):
        token = jwt.encode({name: value for name, value in says.items() if value is not None}, private, "EdDSA")
        with pytest.raises(TokenInvalid):
            mail.verify(token)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJkYXRhIn0."])
def test_what_is_no_token_is_refused(mail, token):
    with pytest.raises(TokenInvalid):
        mail.verify(token)


def test_a_private_key_in_its_own_form_is_read():
    key = Ed25519PrivateKey.generate()
    assert ServiceTokens("data", settings_for(DataSettings, service_private_key=private_pem(key))).issue("mail")
