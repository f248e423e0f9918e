"""Signing in, refreshing, signing out."""

import threading
from datetime import timedelta

import jwt
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from services.auth import hashing
from services.auth.actions.pruning import prune
from services.auth.errors import BadCredentials, RefreshTokenExpired, RefreshTokenInvalid, RefreshTokenReused
from services.auth.models import Account, RefreshToken
from shared import clock
from shared.events.auth import SessionRevoked
from shared.identity.problems import TokenRevoked
from shared.problems import Invalid
from shared.testing import eventually
from shared.testing.identity import ISSUER, assert_problem


def test_signing_in_gives_tokens_with_which_one_is_known(verified_ada):
    tokens = verified_ada.tokens()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    me = verified_ada.asks_who_she_is(tokens["access_token"]).get_json()
    assert (me["email"], me["role"], me["is_verified"]) == ("ada@example.com", "user", True)


def test_an_access_token_says_what_others_verify(verified_ada, client):
    token = verified_ada.tokens()["access_token"]
    (key,) = client.get("/.well-known/jwks.json").get_json()["keys"]
    claims = jwt.decode(token, jwt.PyJWK.from_dict(key), ["EdDSA"], audience="quintet", issuer=ISSUER)
    assert (claims["type"], claims["role"]) == ("access", "user")
    assert claims["exp"] - claims["iat"] == 900
    assert jwt.get_unverified_header(token)["kid"] == key["kid"]
    assert set(key) == {"kty", "crv", "alg", "use", "kid", "x"}


def test_an_address_that_is_not_verified_can_not_sign_in(ada):
    ada.registers()
    assert_problem(ada.signs_in(), BadCredentials)


def test_a_wrong_password_can_not_sign_in(verified_ada):
    assert_problem(verified_ada.signs_in(password="wrong"), BadCredentials)


@pytest.mark.parametrize(
    "body", [{"email": "a@b.org"}, {"email": 1, "password": "x"}, {"email": "a", "password": "x" * 257}]
)
def test_wrong_credentials_bodies_are_invalid(client, body):
    assert_problem(client.post("/v1/auth/sessions", json=body), Invalid)


def test_a_sign_in_is_never_stored_under_an_idempotency_key(verified_ada, client):
    body = {"email": verified_ada.email, "password": "correct horse battery"}
    answers = [client.post("/v1/auth/sessions", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].get_json()["session_id"] != answers[1].get_json()["session_id"]
    assert answers[0].headers["Cache-Control"] == "no-store"


def test_a_hash_of_older_parameters_is_renewed_at_sign_in(verified_ada, database, monkeypatch):
    monkeypatch.setattr(hashing, "hasher", PasswordHasher(time_cost=1, memory_cost=16, parallelism=1))
    assert verified_ada.signs_in().status_code == 201
    with database.reading() as session:
        assert "m=16" in session.scalars(select(Account.password_hash)).one()
    assert verified_ada.signs_in().status_code == 201


def test_refreshing_gives_new_tokens_of_the_same_session(verified_ada):
    first = verified_ada.tokens()
    second = verified_ada.refreshes(first["refresh_token"]).get_json()
    assert second["session_id"] == first["session_id"]
    assert second["refresh_token"] != first["refresh_token"]
    assert verified_ada.refreshes(second["refresh_token"]).status_code == 201


def test_a_reused_refresh_token_ends_the_family(verified_ada, announced, settings):
    first = verified_ada.tokens()
    second, before = verified_ada.refreshes(first["refresh_token"]).get_json(), clock.now()
    assert_problem(verified_ada.refreshes(first["refresh_token"]), RefreshTokenReused)
    assert_problem(verified_ada.refreshes(second["refresh_token"]), RefreshTokenInvalid)
    (event,) = announced(SessionRevoked)
    assert event.session_id == first["session_id"]
    assert event.expires_at >= before + settings.access_token_life
    eventually(lambda: verified_ada.asks_who_she_is(second["access_token"]).status_code == 401)


def test_another_session_lives_on_when_a_family_ends(verified_ada):
    mine, other = verified_ada.tokens(), verified_ada.tokens()
    verified_ada.refreshes(mine["refresh_token"])
    verified_ada.refreshes(mine["refresh_token"])
    assert verified_ada.refreshes(other["refresh_token"]).status_code == 201


def test_of_two_refreshes_at_once_at_most_one_wins(app, verified_ada):
    token = verified_ada.tokens()["refresh_token"]
    barrier, statuses = threading.Barrier(4), []

    def refresh():
        client = app.test_client()
        barrier.wait()
        statuses.append(client.post("/v1/auth/tokens", json={"refresh_token": token}).status_code)

    threads = [threading.Thread(target=refresh) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 401, 401, 401]


def test_a_refresh_token_expires(verified_ada, settings):
    token = verified_ada.tokens()["refresh_token"]
    later = clock.now() + settings.refresh_token_life + timedelta(seconds=1)
    with clock.told_by(lambda: later):
        assert_problem(verified_ada.refreshes(token), RefreshTokenExpired)


def test_an_unknown_refresh_token_is_refused(verified_ada):
    assert_problem(verified_ada.refreshes("x"), RefreshTokenInvalid)


def test_a_refresh_token_lies_hashed(verified_ada, database):
    token = verified_ada.tokens()["refresh_token"]
    with database.reading() as session:
        assert token not in session.scalars(select(RefreshToken.token_hash)).all()


def test_signing_out_ends_the_session_everywhere(verified_ada, announced):
    tokens = verified_ada.tokens()
    assert verified_ada.signs_out(tokens["access_token"]).status_code == 204
    assert_problem(verified_ada.refreshes(tokens["refresh_token"]), RefreshTokenInvalid)
    assert [event.session_id for event in announced(SessionRevoked)] == [tokens["session_id"]]
    eventually(lambda: verified_ada.asks_who_she_is(tokens["access_token"]).status_code == 401)
    assert_problem(verified_ada.asks_who_she_is(tokens["access_token"]), TokenRevoked)


def test_expired_sessions_are_pruned(verified_ada, database, settings):
    verified_ada.tokens()
    later = clock.now() + settings.refresh_token_life + timedelta(days=8)
    with clock.told_by(lambda: later), database.transaction() as session:
        assert prune(session) == 3  # the link, the refresh token, the session
