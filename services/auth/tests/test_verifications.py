"""The mailed link."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.auth.errors import VerificationExpired, VerificationUnknown
from services.auth.models import Verification
from shared import clock
from shared.events.auth import EmailVerified
from shared.testing.identity import assert_problem


def test_a_mailed_link_verifies_the_address(ada, announced):
    ada.registers()
    answer = ada.follows_the_link()
    assert (answer.status_code, answer.get_json()) == (200, {"is_verified": True})
    assert len(announced(EmailVerified)) == 1


def test_a_mailed_link_used_twice_changes_nothing_more(verified_ada, announced):
    assert verified_ada.follows_the_link().status_code == 200
    assert len(announced(EmailVerified)) == 1


def test_a_link_that_is_too_old_is_a_problem_of_its_own(ada, settings):
    ada.registers()
    later = clock.now() + settings.verification_life + timedelta(seconds=1)
    with clock.told_by(lambda: later):
        assert_problem(ada.follows_the_link(), VerificationExpired)


@pytest.mark.parametrize("token", ["x", "x" * 3000, "%C3%A4", "..%2F"])
def test_a_link_that_nobody_mailed_is_unknown(client, token):
    answer = client.get(f"/v1/auth/verifications/{token}")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_an_older_link_is_void_once_a_newer_was_followed(ada):
    ada.registers()
    older = ada.link()
    ada.registers()
    ada.follows_the_link()
    assert_problem(ada.client.get(older), VerificationUnknown)


def test_the_token_of_a_link_lies_hashed(ada, database):
    ada.registers()
    with database.reading() as session:
        (row,) = session.scalars(select(Verification)).all()
    assert row.token_hash not in ada.link()
    assert len(row.token_hash) == 64
