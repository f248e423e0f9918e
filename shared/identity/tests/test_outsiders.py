"""Services outside are known by the operator's file alone, as it is now, and never as one of ours."""

import base64
import json
import math
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared import clock
from shared.identity import ServiceTokens
from shared.identity.outsiders import AnyServiceTokens, Outsiders
from shared.identity.problems import TokenInvalid
from shared.settings import Settings
from shared.testing.identity import service_bearer, settings_for

KEY = Ed25519PrivateKey.generate()
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "outside.json"


@pytest.fixture
def tokens(file):
    settings = settings_for(type("RealtimeSettings", (Settings,), {"service": "realtime"}))
    return AnyServiceTokens(ServiceTokens("realtime", settings), Outsiders(file))


def write(file, name: str, key: str = PUBLIC) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({name: {"public_key": key, "reads": ["auth.*"]}}))
    fresh.replace(file)


def token(name: str, **claims) -> str:
    now = clock.now()
    says = {"iss": name, "aud": "realtime", "type": "service", "iat": now, "exp": now + timedelta(minutes=1)}
    return jwt.encode({name: one for name, one in {**says, **claims}.items() if one is not None}, KEY, "EdDSA")


def test_who_stands_in_the_file_is_known_at_once_and_until_taken_out(tokens, file):
    with pytest.raises(TokenInvalid):
        tokens.verify(token("shop"))
    write(file, "shop")
    assert (tokens.verify(token("shop")).id, tokens.verify(token("shop")).actor) == ("shop", "services/shop")
    file.unlink()
    with pytest.raises(TokenInvalid):
        tokens.verify(token("shop"))


def test_a_file_that_can_not_be_read_leaves_nobody_known(tokens, file):
    write(file, "shop")
    tokens.verify(token("shop"))
    file.with_suffix(".new").write_text('{"shop": ')
    file.with_suffix(".new").replace(file)
    with pytest.raises(TokenInvalid):
        tokens.verify(token("shop"))


def test_nobody_outside_can_be_one_of_ours(tokens, file):
    write(file, "data")
    with pytest.raises(TokenInvalid):
        tokens.verify(token("data"))
    ours = service_bearer("data", "realtime")["Authorization"].removeprefix("Bearer ")
    assert tokens.verify(ours).id == "data"


def test_a_token_without_a_name_or_of_another_key_is_refused(tokens, file):
    write(file, "shop", base64.b64encode(b"k" * 32).decode())
    for forged in (token("shop"), token("shop", iss=None), "a.b.c", ""):
        with pytest.raises(TokenInvalid):
            tokens.verify(forged)


def test_a_token_lives_ten_minutes_at_most(tokens, file):
    write(file, "shop")
    now = clock.now()
    tokens.verify(token("shop", exp=now + timedelta(minutes=10)))
    for claims in ({"exp": now + timedelta(minutes=11)}, {"iat": now - timedelta(days=1)}):
        with pytest.raises(TokenInvalid):
            tokens.verify(token("shop", **claims))


def test_a_token_whose_times_are_no_numbers_is_refused(tokens, file):
    write(file, "shop")
    soon = str(int((clock.now() + timedelta(minutes=1)).timestamp()))
    for claims in ({"exp": soon}, {"iat": soon}, {"exp": 10**400}, {"exp": math.inf}, {"exp": [1]}):
        with pytest.raises(TokenInvalid):
            tokens.verify(token("shop", **claims))
