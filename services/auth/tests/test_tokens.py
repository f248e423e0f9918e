"""Access tokens that auth did not give, or gave too long ago."""

import base64
import json
import threading
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from services.auth.extensions import keys
from services.auth.models import SigningKey
from services.auth.signing import KeyRing
from shared import clock
from shared.identity.problems import TokenExpired, TokenInvalid, TokenMissing
from shared.ids import new_id
from shared.testing.identity import AUDIENCE, ISSUER, assert_problem

FORGER = Ed25519PrivateKey.generate()


@pytest.fixture
def sign(app):
    """Signs claims with auth's own key; a claim that is None is left out, another key forges."""

    def sign(key=None, kid=None, **claims):
        own_kid, own_key = keys.current()
        now = clock.now()
        says = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + timedelta(minutes=5), "type": "access"}
        says |= {"sub": new_id(), "sid": new_id(), "role": "user", "jti": new_id()} | claims
        kept = {name: value for name, value in says.items() if value is not None}
        return jwt.encode(kept, key or own_key, "EdDSA", headers={"kid": kid or own_kid})

    return sign


def ask(client, token):
    return client.get("/v1/auth/me", headers={"Authorization": f"Bearer {token}"})


def test_no_token_is_a_problem_that_says_how(client):
    answer = client.get("/v1/auth/me")
    assert_problem(answer, TokenMissing)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert_problem(client.get("/v1/auth/me", headers={"Authorization": "Basic eDp5"}), TokenMissing)


def test_an_expired_token_is_told_from_an_invalid_one(client, sign):
    assert_problem(ask(client, sign(exp=clock.now() - timedelta(seconds=1))), TokenExpired)


def test_a_forged_token_is_refused(client, sign):
    assert_problem(ask(client, sign(key=FORGER)), TokenInvalid)


def test_an_unknown_kid_is_refused(client, sign):
    assert_problem(ask(client, sign(key=FORGER, kid="nobody's")), TokenInvalid)


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another"},
        {"iss": "http://another"},
        {"aud": None},
        {"iss": None},
        {"exp": None},
        {"type": None},
        {"type": "refresh"},
        {"sub": None},
        {"sub": 7},
        {"sid": None},
        {"role": "root"},
        {"role": None},
    ],
)
def test_a_token_for_something_else_is_refused(client, sign, wrong):
    assert_problem(ask(client, sign(**wrong)), TokenInvalid)


def test_a_token_without_a_signature_is_refused(client, sign):
    _header, claims, _signature = sign().split(".")
    for algorithm in ("none", "None", "HS256"):
        header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": keys.current()[0]}).encode()).decode()
        assert_problem(ask(client, f"{header.rstrip('=')}.{claims}."), TokenInvalid)


def test_the_public_key_as_hmac_secret_opens_nothing(client, sign):
    (public,) = keys.jwks()["keys"]
    forged = jwt.encode({"sub": new_id()}, public["x"], "HS256", headers={"kid": public["kid"]})
    assert_problem(ask(client, forged), TokenInvalid)


@pytest.mark.parametrize("token", ["x", "a.b.c", "....", "x" * 9000, "eyJhbGciOiJFZERTQSJ9.e30.x"])
def test_what_is_no_token_is_refused(client, token):
    assert_problem(ask(client, token), TokenInvalid)


def test_a_remembered_token_expires_too(client, sign):
    token = sign()
    assert ask(client, token).status_code == 404  # taken, though its account does not exist
    later = clock.now() + timedelta(minutes=6)
    with clock.told_by(lambda: later):
        assert_problem(ask(client, token), TokenExpired)


def test_private_keys_lie_sealed(database, client):
    client.get("/.well-known/jwks.json")
    with database.reading() as session:
        (row,) = session.scalars(select(SigningKey)).all()
    assert "PRIVATE" not in row.sealed_private


def test_two_processes_that_start_at_once_share_one_key(database, settings):
    rings = [KeyRing(database) for _ in range(4)]
    for ring in rings:
        ring.bind(settings.signing_keys_secret)
    barrier, kids = threading.Barrier(4), []

    def start(ring):
        barrier.wait()
        kids.append(ring.current()[0])

    threads = [threading.Thread(target=start, args=[ring]) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kids) == 4
    assert len(set(kids)) == 1
