"""Handing a message to SMTP servers of all kinds: kind, slow, refusing and false ones."""

import socket
from types import SimpleNamespace

import pytest
from flask import Flask
from flask_mail import Message

from services.mail.addresses import is_mailable
from services.mail.mailer import MailDelayed, Mailer, MailRefused
from services.mail.tests.post_office import Authority, PostOffice


@pytest.fixture
def post_office():
    with PostOffice() as office:
        yield office


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def send():
    """Sends one message with SMTP settings of the test's own."""

    def send_one(port: int, *, to: str = "ada@example.org", subject: str = "Hello", **settings) -> None:
        told = {"smtp_security": "none", "smtp_username": None, "smtp_password": None, "smtp_ca_file": None}
        where = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_timeout_seconds": 60, "mail_from": "q@example.org"}
        app, mailer = Flask("mailer"), Mailer()
        mailer.init_app(app, SimpleNamespace(**(told | where | settings)))
        with app.app_context():
            mailer.deliver(Message(subject=subject, recipients=[to], body="Hi"))

    return send_one


def test_a_plain_server_takes_the_mail(post_office, send):
    send(post_office.port)
    ((envelope, is_encrypted),) = post_office.mails
    assert (envelope.mail_from, envelope.rcpt_tos, is_encrypted) == ("q@example.org", ["ada@example.org"], False)


def test_starttls_and_tls_with_a_trusted_certificate_take_it_encrypted(authority, send):
    context = authority.context_for("127.0.0.1")
    with PostOffice(tls_context=context) as office:
        send(office.port, smtp_security="starttls", smtp_ca_file=authority.file)
        assert [is_encrypted for _, is_encrypted in office.mails] == [True]
    with PostOffice(ssl_context=context) as office:
        send(office.port, smtp_security="tls", smtp_ca_file=authority.file)
        assert len(office.mails) == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_a_certificate_of_a_stranger_or_for_another_name_gets_no_mail(tmp_path, authority, send, address):
    (tmp_path / "stranger").mkdir()
    stranger = Authority(tmp_path / "stranger") if address == "127.0.0.1" else authority
    with PostOffice(tls_context=stranger.context_for(address)) as office:
        with pytest.raises(MailDelayed, match="certificate verify failed"):
            send(office.port, smtp_security="starttls", smtp_ca_file=authority.file)
        assert office.mails == []


def test_a_server_without_starttls_gets_no_mail_in_clear(post_office, send):
    with pytest.raises(MailDelayed, match="STARTTLS"):
        send(post_office.port, smtp_security="starttls")
    assert post_office.mails == []


def test_a_server_that_never_answers_costs_the_time_out_only(send):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(MailDelayed, match=r"Timeout|timed out"):
            send(silent.getsockname()[1], smtp_timeout_seconds=0.3)
        silent.accept()[0].close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):  # it was tried once
            silent.accept()


def test_no_server_is_a_delay(send):
    with pytest.raises(MailDelayed, match="Refused"):
        send(1)


def test_a_refusal_for_good_is_told_from_one_for_now(post_office, send):
    post_office.rcpt_replies = ["550 no such user", "450 try again later"]
    post_office.data_replies = ["554 spam", "451 too busy"]
    for error, reply in [(MailRefused, "550"), (MailDelayed, "450"), (MailRefused, "554"), (MailDelayed, "451")]:
        with pytest.raises(error, match=reply):
            send(post_office.port)
    send(post_office.port)
    assert len(post_office.mails) == 1


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\r\nBcc: all@example.org",
        "ada@example.org>\r\nRCPT TO:<x@y.org",
        "ada@example.org, ben@example.org",
        "Ada <ada@example.org>",
        "ada",
        "@example.org",
        "ada@",
        "a\0b@example.org",
        "ädä@example.org",
        "a" * 250 + "@example.org",
        "",
    ],
)
def test_an_address_that_is_more_or_less_than_one_is_refused(post_office, send, address):
    assert not is_mailable(address)
    with pytest.raises(MailRefused):
        send(post_office.port, to=address)
    assert post_office.mails == []


def test_an_international_domain_is_written_in_ascii(post_office, send):
    send(post_office.port, to="ada@bücher.example")
    assert post_office.mails[0][0].rcpt_tos == ["ada@xn--bcher-kva.example"]


def test_a_line_break_in_a_header_is_refused(post_office, send):
    with pytest.raises(MailRefused):
        send(post_office.port, subject="Hello\r\nBcc: all@example.org")
    assert post_office.mails == []
