"""The catcher's two servers on loopback: SMTP that takes every mail, HTTP that shows them."""

import json
from dataclasses import asdict
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller

from quintet.mailcatcher.mailbox import Mailbox, part_of
from quintet.mailcatcher.pages import PAGE_POLICY, PART_POLICY, html_part, list_page, mail_page

LARGEST_MAIL = 10 * 1024 * 1024
HTML, TEXT, JSON = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/json"
OUR_NAMES = {"127.0.0.1", "localhost"}


class _Receiver:
    def __init__(self, mailbox: Mailbox):
        self.mailbox = mailbox

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mailbox.store(envelope.content, envelope.rcpt_tos)
        return "250 caught"


def smtp_server(mailbox: Mailbox, port: int, *, host: str = "127.0.0.1") -> Controller:
    """An SMTP server for `start()` and `stop()`; it runs in a thread of its own."""
    return Controller(_Receiver(mailbox), hostname=host, port=port, data_size_limit=LARGEST_MAIL)


def http_server(mailbox: Mailbox, port: int, *, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """An HTTP server for `serve_forever()`: / for people; /messages (?to=), /messages/<id> and DELETE for programs."""
    handler = type("MailPages", (_Pages,), {"mailbox": mailbox})
    return ThreadingHTTPServer((host, port), handler)


class _Pages(BaseHTTPRequestHandler):
    mailbox: Mailbox
    server_version = "mailcatcher"

    def do_GET(self) -> None:
        if not self._is_for_us():
            return
        url = urlsplit(self.path)
        match [part for part in url.path.split("/") if part]:
            case []:
                self._answer(HTML, list_page(self.mailbox.list()))
            case ["healthz"]:
                self._answer(JSON, "{}")
            case ["messages"]:
                to = parse_qs(url.query).get("to", [None])[0]
                self._answer(JSON, json.dumps([asdict(one) for one in self.mailbox.list(to)]))
            case ["messages" | "mails" as kind, mail_id, *rest] if mail := self.mailbox.read(mail_id):
                self._show(kind, mail_id, mail, rest)
            case _:
                self._answer(TEXT, "There is no such mail or page.\n", 404)

    def do_DELETE(self) -> None:
        if not self._is_for_us():
            return
        if self.path != "/messages":
            self._answer(TEXT, "Only /messages can be deleted.\n", 404)
            return
        self.mailbox.clear()
        self._answer(TEXT, "", 204)

    def log_message(self, *_arguments) -> None:
        """Silent: pages are polled by tests and shown to one developer."""

    def _is_for_us(self) -> bool:
        """A page of another name that was made to resolve to this machine must not read the mails."""
        if self.headers.get("Host", "").rsplit(":", 1)[0] in OUR_NAMES:
            return True
        self._answer(TEXT, "Ask for 127.0.0.1 or localhost.\n", 403)
        return False

    def _show(self, kind: str, mail_id: str, mail: EmailMessage, rest: list[str]) -> None:
        match kind, rest:
            case "messages", []:
                self._answer(JSON, json.dumps(_document(mail_id, mail, self.mailbox)))
            case "mails", []:
                self._answer(HTML, mail_page(mail_id, mail))
            case "mails", ["html"]:
                self._answer(HTML, html_part(mail), policy=PART_POLICY)
            case "mails", ["raw"]:
                self._answer(TEXT, (self.mailbox.raw(mail_id) or b"").decode("utf-8", "replace"))
            case _:
                self._answer(TEXT, "There is no such page.\n", 404)

    def _answer(self, kind: str, content: str, status: int = 200, policy: str = PAGE_POLICY) -> None:
        body = content.encode("utf-8", "replace")
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Content-Security-Policy": policy}
        headers |= {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _document(mail_id: str, mail: EmailMessage, mailbox: Mailbox) -> dict:
    """A mail as programs read it; repeated headers are joined by line breaks."""
    headers: dict[str, str] = {}
    for name, value in mail.items():
        headers[name] = f"{headers[name]}\n{value}" if name in headers else str(value)
    summary = next((asdict(one) for one in mailbox.list() if one.id == mail_id), {"id": mail_id})
    return summary | {"headers": headers, "text": part_of(mail, "plain"), "html": part_of(mail, "html")}
