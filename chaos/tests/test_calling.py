"""A client's calls against a gateway that fails in every way: what is booked, and under which key it is asked again."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chaos.book import ANSWERED, CREATE, REFUSED, UNKNOWN, Book
from chaos.clients import calling
from chaos.clients.calling import Account, Caller

BREAK = 0
"""Instead of an answer the connection ends."""


class Gateway(ThreadingHTTPServer):
    """Gives the answers that it is told to give, one after the other, and remembers what it was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Door)
        self.answers: list[int] = []
        self.asked: list[tuple[str, str | None, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Door(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.rfile.read(length)
        if self.path == "/v1/auth/sessions":
            self._answer(201, {"access_token": "fresh"})
            return
        self.server.asked.append((self.path, self.headers["Idempotency-Key"], self.headers["Authorization"]))
        status = self.server.answers.pop(0)
        if status == BREAK:
            self.close_connection = True
            return
        self._answer(status, {"id": "r1"} if status < 300 else {"code": f"code_{status}"})

    def _answer(self, status: int, document: dict) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments) -> None:
        """Silent."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def book(tmp_path) -> Iterator[Book]:
    book = Book(tmp_path / "book.jsonl")
    yield book
    book.end()


@pytest.fixture
def caller(gateway, book, monkeypatch) -> Iterator[Caller]:
    monkeypatch.setattr(calling, "AGAIN_SECONDS", (0.0, 0.01))
    account = Account(gateway.url, "ada@example.com", "secret")
    account.token = "stale"
    caller = Caller("ada", 1, book, account, threading.Event())
    yield caller
    caller.http.close()


def make(caller: Caller, gateway: Gateway, *answers: int, is_patient: bool = True):
    gateway.answers = list(answers)
    return caller.call(
        CREATE, "POST", "/v1/things", {"what": "thing"}, body=lambda call_id: {"mark": call_id}, is_patient=is_patient
    )


@pytest.mark.parametrize("failures", [(), (503,), (502, 500, 504), (429,), (BREAK,), (BREAK, 503, BREAK)])
def test_a_call_is_made_again_under_one_key_until_it_is_answered(caller, gateway, failures):
    call = make(caller, gateway, *failures, 201)
    assert (call.outcome, call.status, call.answer) == (ANSWERED, 201, {"id": "r1"})
    assert call.tries == len(failures) + 1
    assert call.internal_errors == failures.count(500)
    assert {key for _, key, _ in gateway.asked} == {call.id}


def test_a_refusal_of_the_call_itself_is_final(caller, gateway):
    call = make(caller, gateway, 503, 422)
    assert (call.outcome, call.status, call.code) == (REFUSED, 422, "code_422")


@pytest.mark.parametrize("failure", [BREAK, 500, 503])
def test_an_impatient_client_does_not_know_what_became_of_a_call_that_failed(caller, gateway, failure):
    assert make(caller, gateway, failure, is_patient=False).outcome == UNKNOWN


def test_a_token_that_is_no_longer_good_is_renewed_and_the_call_made_again(caller, gateway):
    call = make(caller, gateway, 401, 201, is_patient=False)
    assert call.outcome == ANSWERED
    assert [token for _, _, token in gateway.asked] == ["Bearer stale", "Bearer fresh"]


def test_even_a_patient_client_ends_at_its_deadline(caller, gateway):
    caller.deadline = float("-inf")
    assert make(caller, gateway).outcome == UNKNOWN
    assert gateway.asked == []


def test_the_book_has_a_call_before_it_is_made_and_how_it_ended(caller, gateway, book, tmp_path):
    make(caller, gateway, BREAK, is_patient=False)
    make(caller, gateway, 503, 201)
    lines = [json.loads(line) for line in (tmp_path / "book.jsonl").read_text().splitlines()]
    assert [(line["id"], line.get("outcome")) for line in lines] == [
        ("ada-1", None), ("ada-1", UNKNOWN), ("ada-2", None), ("ada-2", ANSWERED),
    ]  # fmt: skip
    assert book.by_outcome() == {CREATE: {UNKNOWN: 1, ANSWERED: 1, "retried": 1}}
