"""Calling: one person's calls through the gateway, each retried under one key until its outcome is known."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from chaos.book import ANSWERED, REFUSED, UNKNOWN, Book, Call

TIMEOUT = (3.0, 10.0)
AGAIN_SECONDS = (0.2, 1.0)
PASSING = {401, 408, 425, 429}
"""Refusals that say nothing of the call itself: it is made again. 401 is answered by signing in anew."""
INTERNAL_ERROR = 500
IMPATIENT = 0.15
"""Which share of calls is given up after the first try whose outcome is unknown, as real clients do."""


class Account:
    """Somebody who can sign in."""

    def __init__(self, url: str, email: str, password: str):
        self.url, self.email, self.password = url, email, password
        self.id = ""
        self.token = ""

    def sign_in(self, http: requests.Session) -> bool:
        """A fresh token; False when that was not to be had just now."""
        body = {"email": self.email, "password": self.password}
        answer = sent(http, "POST", f"{self.url}/v1/auth/sessions", json=body)
        if answer is None or not answer.ok:
            return False
        self.token = answer.json()["access_token"]
        return True


class Caller:
    """Makes and books one client's calls. `deadline` (monotonic) ends even the most patient."""

    def __init__(self, name: str, seed: int, book: Book, account: Account, stopping: threading.Event):
        self.name, self.book, self.account, self.stopping = name, book, account, stopping
        self.chance = random.Random(f"{seed}:{name}")  # noqa: S311 - choices that the seed must repeat
        self.http = session()
        self.deadline = float("inf")
        self.timeout: tuple[float, float] = TIMEOUT
        self._count = 0

    def call(
        self,
        kind: str,
        method: str,
        path: str,
        wanted: dict[str, Any],
        *,
        body: Callable[[str], Any] | None = None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        is_patient: bool | None = None,
    ) -> Call:
        """Makes a call until it is answered or refused, or given up; `body(call id)` is its JSON."""
        self._count += 1
        call = self.book.open(f"{self.name}-{self._count}", kind, self.name, **wanted)
        more = {"data": content} if content is not None else {"json": body(call.id) if body else None}
        known = {"Idempotency-Key": call.id} if content is None else {}
        if is_patient is None:
            is_patient = self.chance.random() >= IMPATIENT
        answer = None
        while time.monotonic() < self.deadline:
            call.tries += 1
            answer = self._try(method, path, known | (headers or {}), more)
            call.internal_errors += answer is not None and answer.status_code == INTERNAL_ERROR
            if answer is not None and answer.ok:
                return self.book.close(call, ANSWERED, status=answer.status_code, answer=document(answer))
            if answer is not None and answer.status_code < 500 and answer.status_code not in PASSING:
                code = document(answer).get("code", "")
                return self.book.close(call, REFUSED, status=answer.status_code, code=code)
            if answer is not None and answer.status_code == 401:
                self.account.sign_in(self.http)
            elif not is_patient:
                break
            time.sleep(random.uniform(*AGAIN_SECONDS))  # noqa: S311 - spreads load, guards nothing
        return self.book.close(call, UNKNOWN, status=answer.status_code if answer is not None else 0)

    def _try(self, method: str, path: str, headers: dict[str, str], more: dict[str, Any]) -> requests.Response | None:
        headers = headers | ({"Authorization": f"Bearer {self.account.token}"} if self.account.token else {})
        return sent(self.http, method, self.account.url + path, headers=headers, timeout=self.timeout, **more)


def session() -> requests.Session:
    """A connection to the gateway that heeds nothing of the environment."""
    http = requests.Session()
    http.trust_env = False
    return http


def sent(http: requests.Session, method: str, url: str, **more: Any) -> requests.Response | None:
    """The answer; None when the connection broke or none came in time, so that nobody knows what was done."""
    more.setdefault("timeout", TIMEOUT)
    try:
        return http.request(method, url, allow_redirects=False, **more)
    except requests.RequestException:
        return None


def document(answer: requests.Response) -> dict[str, Any]:
    """An answer's JSON object; empty where it has none."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def path_of(url: str) -> str:
    """The path of an absolute URL, with its query."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
