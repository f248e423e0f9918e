"""A client of Quintet's public HTTP API in the size of a page."""

import secrets
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

AGAIN = Retry(
    total=40,
    status_forcelist=(502, 503, 504),
    allowed_methods=None,  # all of them: what changes anything is sent with a key
    backoff_factor=0.2,
    backoff_max=2,
    backoff_jitter=0.3,
    raise_on_status=False,  # the last answer tells more than that there were many
)
"""How a patient client asks again: what was not answered, or by a gateway that reached nobody, for about a minute."""
READING = ("GET", "HEAD", "OPTIONS")


class Refused(Exception):
    """The answer was a problem document."""

    def __init__(self, problem: dict[str, Any]):
        self.problem, self.status, self.code = problem, problem.get("status"), problem.get("code")
        super().__init__(f"{self.status} {self.code}: {problem.get('detail') or problem.get('title')}")


class Quintet:
    """Talks to one gateway as one person; every request says which trace it belongs to.

    A patient one asks again while the system can't answer, each change under an Idempotency-Key of its own.
    """

    def __init__(self, url: str, token: str | None = None, *, is_patient: bool = False):
        self.url, self.token, self.trace_id = url.rstrip("/"), token, secrets.token_hex(16)
        self.is_patient, self.http = is_patient, requests.Session()
        if is_patient:
            self.http.mount(self.url, HTTPAdapter(max_retries=AGAIN))

    def send(self, method: str, path: str, *, headers: dict | None = None, **more) -> requests.Response:
        """The raw answer, whatever its status."""
        known = {"traceparent": f"00-{self.trace_id}-{secrets.token_hex(8)}-01"}
        if self.token:
            known["Authorization"] = f"Bearer {self.token}"
        if self.is_patient and method not in READING:
            known["Idempotency-Key"] = secrets.token_hex(16)
        url = path if path.startswith("http") else self.url + path
        return self.http.request(method, url, headers=known | (headers or {}), timeout=60, **more)

    def ask(self, method: str, path: str, **more) -> Any:
        """The answer's JSON (None where it has no body); Refused for a problem."""
        answer = self.send(method, path, **more)
        if not answer.ok:
            is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
            raise Refused(answer.json() if is_problem else {"status": answer.status_code, "detail": answer.text[:200]})
        return answer.json() if answer.content else None

    def pages(self, path: str, **query) -> list[dict]:
        """All items of a list, page after page."""
        items, cursor = [], None
        while True:
            page = self.ask("GET", path, params=query | ({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page.get("next")
            if not cursor:
                return items

    @contextmanager
    def traced(self, trace_id: str):
        """Everything asked inside belongs to one trace."""
        before, self.trace_id = self.trace_id, trace_id
        try:
            yield
        finally:
            self.trace_id = before
