"""The mail catcher: takes mail over real SMTP, shows it to programs and people, keeps the newest only."""

import signal
import smtplib
import subprocess
import sys
from email.message import EmailMessage

import pytest
import requests

from quintet.mailcatcher.mailbox import Mailbox, part_of
from shared.testing import eventually
from shared.testing.servers import free_port


class Catcher:
    """A catcher process and how a test speaks to it."""

    def __init__(self, folder):
        self.folder, self.smtp_port, self.http_port = folder, free_port(), free_port()
        self.process = None

    def start(self) -> "Catcher":
        ports = ["--smtp-port", str(self.smtp_port), "--http-port", str(self.http_port)]
        command = [sys.executable, "-m", "quintet.mailcatcher", *ports, "--folder", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        eventually(self._is_up)
        return self

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def get(self, path: str, **options) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.http_port}{path}", timeout=5, **options)

    def receive(self, to: str = "ada@example.org", subject: str = "Hello", text: str = "Hi", html: str | None = None):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "Quintet <q@example.org>", to, subject
        mail.set_content(text)
        if html:
            mail.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=5) as connection:
            connection.send_message(mail)

    def _is_up(self) -> bool:
        try:
            return self.get("/healthz").ok
        except requests.ConnectionError:
            return False


@pytest.fixture
def catcher(tmp_path):
    catcher = Catcher(tmp_path / "mails").start()
    yield catcher
    catcher.process.kill()
    catcher.process.wait(10)


def test_a_mail_is_found_by_its_recipient(catcher):
    catcher.receive(to="ada@example.org", subject="Für Ada", text="Grüße", html="<p>Grüße</p>")
    catcher.receive(to="ben@example.org", subject="For Ben")
    assert [one["subject"] for one in catcher.get("/messages").json()] == ["For Ben", "Für Ada"]
    (found,) = catcher.get("/messages", params={"to": "ADA@example.org"}).json()
    assert found["to"] == ["ada@example.org"]
    mail = catcher.get(f"/messages/{found['id']}").json()
    assert (mail["text"].strip(), mail["html"].strip()) == ("Grüße", "<p>Grüße</p>")
    assert mail["headers"]["Subject"] == "Für Ada"


def test_nothing_of_a_mail_runs_in_the_page(catcher):
    evil = "<script>alert(1)</script>"
    catcher.receive(subject=evil, text=f"{evil} see https://example.org/?a=1&b=2", html=f"<p>x</p>{evil}")
    mail_id = catcher.get("/messages").json()[0]["id"]
    for page in (catcher.get("/"), catcher.get(f"/mails/{mail_id}")):
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert 'href="https://example.org/?a=1&amp;b=2"' in page.text
    part = catcher.get(f"/mails/{mail_id}/html").headers["Content-Security-Policy"]
    assert part.startswith("sandbox")
    assert "allow-scripts" not in part


def test_an_unknown_mail_or_path_is_not_found(catcher):
    for path in ("/messages/nothing", "/mails/..%2f..%2fetc%2fpasswd", "/mails/../../etc/passwd", "/other"):
        assert catcher.get(path).status_code == 404


def test_a_page_of_another_name_reads_nothing(catcher):
    assert catcher.get("/messages", headers={"Host": "evil.example"}).status_code == 403


def test_all_mails_can_be_deleted(catcher):
    catcher.receive()
    url = f"http://127.0.0.1:{catcher.http_port}"
    assert requests.delete(f"{url}/messages", timeout=5).status_code == 204
    assert catcher.get("/messages").json() == []
    assert list(catcher.folder.glob("*.eml")) == []
    assert requests.delete(f"{url}/other", timeout=5).status_code == 404


def test_mails_are_there_again_after_a_restart(catcher):
    catcher.receive(subject="Kept")
    assert catcher.stop() == 0
    catcher.start()
    assert [one["subject"] for one in catcher.get("/messages").json()] == ["Kept"]


def test_a_mail_in_an_unknown_character_set_is_shown_all_the_same(tmp_path):
    mailbox = Mailbox(tmp_path)
    raw = b"Content-Type: text/plain; charset=klingon\r\nSubject: =?klingon?q?x?=\r\n\r\nHi"
    assert part_of(mailbox.read(mailbox.store(raw, ["ada@example.org"])), "plain") == "Hi"


def test_only_the_newest_are_kept(tmp_path):
    mailbox = Mailbox(tmp_path, kept=3)
    for number in range(5):
        mailbox.store(f"Subject: {number}\r\n\r\n.".encode(), ["ada@example.org"])
    assert [one.subject for one in mailbox.list()] == ["4", "3", "2"]
    assert len(list(tmp_path.glob("*"))) == 3
