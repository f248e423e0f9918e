"""Deliveries over real SMTP: sent once, tried again, given up; their token never lies open."""

import email
import email.policy
from datetime import timedelta

import pytest

from services.mail.actions import deliveries as mails
from services.mail.extensions import deliveries
from services.mail.tasks.deliveries import deliver
from services.mail.tests.conftest import SEAL_KEYS
from shared import clock, trace
from shared.commands.performing import perform
from shared.ids import new_id
from shared.sealing import seal

TOKEN = "t0ken/with=signs"


@pytest.fixture
def welcome(database):
    """Queues a verification mail; gives its id."""

    def queue(address: str = "ada@example.org") -> str:
        with database.transaction() as session:
            sealed = seal(TOKEN, SEAL_KEYS)
            user_id = new_id()
            return mails.welcome(
                session, deliveries=deliveries, user_id=user_id, address=address, sealed_token=sealed
            ).id

    return queue


@pytest.fixture
def attempt(app, settings):
    """Makes one attempt at a delivery, as a worker would, an hour after the one before."""
    hours = iter(range(100))

    def make(delivery_id: str) -> None:
        at = clock.now() + timedelta(hours=next(hours))
        with app.app_context(), clock.told_by(lambda: at):
            perform(deliveries, delivery_id, lambda claim: deliver(claim, settings))

    return make


def received(post_office) -> list:
    return [email.message_from_bytes(e.content, policy=email.policy.default) for e, _ in post_office.mails]


def test_the_mail_carries_the_link_and_its_trace(post_office, welcome, attempt, read):
    with trace.begin() as step:
        delivery_id = welcome()
    attempt(delivery_id)
    (mail,) = received(post_office)
    link = "http://quintet.test/v1/auth/verifications/t0ken%2Fwith%3Dsigns"
    assert link in mail.get_body(("plain",)).get_content()
    assert link in mail.get_body(("html",)).get_content()
    assert mail["To"] == "ada@example.org"
    assert mail["From"] == "Quintet <hello@quintet.test>"
    assert mail["Message-ID"] == f"<{delivery_id}@quintet>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert step.trace_id in mail["Traceparent"]
    assert mail["Date"].datetime is not None
    assert read(delivery_id).state == "succeeded"


def test_the_token_lies_sealed_and_is_forgotten_once_sent(welcome, attempt, read):
    delivery_id = welcome()
    assert TOKEN not in repr(vars(read(delivery_id)))
    attempt(delivery_id)
    assert read(delivery_id).sealed_token is None


def test_a_server_that_is_busy_gets_the_same_mail_again(post_office, welcome, attempt, read):
    post_office.rcpt_replies = ["450 try again later"]
    post_office.data_replies = ["451 busy"]
    delivery_id = welcome()
    attempt(delivery_id)
    row = read(delivery_id)
    assert (row.state, row.last_error) == ("queued", "MailDelayed: 450 try again later")
    assert row.run_at > row.created_at
    attempt(delivery_id)
    attempt(delivery_id)
    assert (read(delivery_id).state, read(delivery_id).attempts) == ("succeeded", 3)
    assert [mail["Message-ID"] for mail in received(post_office)] == [f"<{delivery_id}@quintet>"]


def test_an_address_that_is_refused_for_good_is_given_up_and_its_token_forgotten(post_office, welcome, attempt, read):
    post_office.rcpt_replies = ["550 no such user"]
    delivery_id = welcome()
    attempt(delivery_id)
    row = read(delivery_id)
    assert (row.state, row.attempts, row.last_error) == ("failed", 1, "MailRefused: 550 no such user")
    assert row.sealed_token is None


def test_an_address_with_a_header_in_it_is_never_sent(post_office, welcome, attempt, read):
    delivery_id = welcome("ada@example.org\r\nBcc: all@example.org")
    attempt(delivery_id)
    assert read(delivery_id).state == "failed"
    assert post_office.mails == []


def test_a_delivery_done_is_not_done_again(post_office, welcome, attempt):
    delivery_id = welcome()
    attempt(delivery_id)
    attempt(delivery_id)
    assert len(post_office.mails) == 1
