"""Registering, and what it must not tell."""

import io

import pytest

from services.auth.errors import AddressInvalid, BadCredentials
from services.auth.models import Account
from services.auth.tests.people import PASSWORD
from shared import logs
from shared.events.auth import AdminCreated, RegistrationRepeated, UserRegistered
from shared.problems import Invalid, UnsupportedMediaType
from shared.testing.identity import assert_problem
from shared.web.errors import MalformedJson


def test_registering_is_accepted_and_announced_with_a_sealed_token(ada, announced):
    answer = ada.registers()
    assert (answer.status_code, answer.get_json()) == (202, {"status": "accepted"})
    (event,) = announced()
    assert (type(event), event.email) == (UserRegistered, "ada@example.com")
    assert ada.link().rsplit("/", 1)[1] not in event.verification_token


def test_nothing_tells_whether_an_address_is_registered(verified_ada, hasher):
    def ask(request):
        before = hasher.count
        answer = request()
        document = answer.get_json()
        document.pop("request_id", None)
        return answer.status_code, document, sorted(answer.headers.keys()), hasher.count - before

    ada = verified_ada
    assert ask(ada.registers) == ask(lambda: ada.registers(email="new@example.com"))
    wrong = ask(lambda: ada.signs_in(password="wrong password"))
    assert wrong == ask(lambda: ada.signs_in(email="nobody@example.com"))
    assert wrong == ask(lambda: ada.signs_in(email="new@example.com", password=PASSWORD))  # registered, not verified
    assert wrong == ask(lambda: ada.signs_in(email="no address"))
    assert wrong[3] == 1


def test_the_owner_of_a_known_address_is_told_by_mail(verified_ada, announced):
    verified_ada.registers(password="somebody else's")
    assert len(announced(RegistrationRepeated)) == 1
    assert verified_ada.signs_in().status_code == 201
    assert_problem(verified_ada.signs_in(password="somebody else's"), BadCredentials)


def test_letter_case_makes_no_second_account(verified_ada, announced):
    verified_ada.registers(email="ADA@Example.COM")
    assert len(announced(RegistrationRepeated)) == 1
    assert verified_ada.signs_in(email="Ada@example.com").status_code == 201


def test_domains_that_only_look_alike_are_two_people_s(ada, announced):
    ada.registers(email="anna@straße.example")
    ada.registers(email="anna@strasse.example")
    assert [event.email for event in announced(UserRegistered)] == ["anna@straße.example", "anna@strasse.example"]


def test_a_link_that_was_lost_can_be_asked_for_again(ada, announced):
    ada.registers()
    ada.registers()
    assert len(announced(UserRegistered)) == 2
    assert ada.follows_the_link().status_code == 200
    assert ada.signs_in().status_code == 201


def test_who_registers_anothers_address_first_gains_nothing(ada):
    ada.registers(password="the thief's password")
    ada.registers()
    ada.registers(password="the thief's password")
    ada.follows_the_link(number=1)
    assert ada.signs_in().status_code == 201
    assert_problem(ada.signs_in(password="the thief's password"), BadCredentials)


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@exa mple.com"])
def test_what_is_no_address_is_refused(ada, email):
    ada.email = email
    document = assert_problem(ada.registers(), AddressInvalid) if email else None
    assert document is None or document["errors"][0]["pointer"] == "#/email"


@pytest.mark.parametrize("email", ["ådá@example.com", "ａｄａ@example.com", "İ@example.com"])
def test_an_address_that_no_mail_would_reach_is_refused_rather_than_left_without_its_link(ada, announced, email):
    assert "ASCII" in assert_problem(ada.registers(email=email), AddressInvalid)["errors"][0]["detail"]
    assert announced(UserRegistered) == []


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["#/email", "#/password"]),
        ({"email": "a@b.org", "password": 12345678}, ["#/password"]),
        ({"email": "a@b.org", "password": "short"}, ["#/password"]),
        ({"email": "a@b.org", "password": "x" * 257}, ["#/password"]),
        ({"email": "a" * 250 + "@b.org", "password": PASSWORD}, ["#/email"]),
        ({"email": "a@b.org", "password": PASSWORD, "role": "admin"}, ["#/role"]),
        ([], ["#"]),
    ],
)
def test_every_wrong_field_is_named(client, body, pointers):
    document = assert_problem(client.post("/v1/auth/accounts", json=body), Invalid)
    assert [one["pointer"] for one in document["errors"]] == pointers
    assert PASSWORD not in str(document)


def test_what_is_no_json_is_refused(client):
    url = "/v1/auth/accounts"
    assert_problem(client.post(url, data="{", content_type="application/json"), MalformedJson)
    assert_problem(client.post(url, data="email=a"), UnsupportedMediaType)


def test_a_password_never_comes_into_a_log(ada):
    written = io.StringIO()
    logs.configure("auth", level="DEBUG", stream=written)
    ada.registers()
    ada.follows_the_link()
    tokens = ada.tokens()
    text = written.getvalue()
    assert "/v1/auth/sessions" in text
    for secret in (PASSWORD, tokens["access_token"], tokens["refresh_token"], ada.link().rsplit("/", 1)[1]):
        assert secret not in text


def create_admin(app, email="root@example.com", password=PASSWORD):
    return app.test_cli_runner().invoke(args=["create-admin", "--email", email], input=f"{password}\n")


def test_an_admin_is_made_once_and_can_sign_in(app, ada, announced):
    assert "is an admin now" in create_admin(app).output
    assert "was an admin already" in create_admin(app, password="another password").output
    assert [event.email for event in announced()] == ["root@example.com"]
    assert type(announced()[0]) is AdminCreated
    assert ada.signs_in(email="root@example.com").status_code == 201


def test_a_user_becomes_an_admin_and_keeps_the_password(app, verified_ada, database):
    assert create_admin(app, email=verified_ada.email, password="another password").exit_code == 0
    token = verified_ada.tokens()["access_token"]
    assert verified_ada.asks_who_she_is(token).get_json()["role"] == "admin"


def test_an_admins_password_must_not_be_short(app, database):
    assert create_admin(app, password="short").exit_code == 1
    with database.reading() as session:
        assert session.query(Account).count() == 0
