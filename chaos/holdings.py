"""What the system holds when all has settled: asked through the API, read from the mails and from the databases."""

import hashlib
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

from chaos.clients.calling import Account, document, path_of, sent, session
from chaos.clients.submitters import PATH as JOBS
from chaos.clients.submitters import mark_of
from chaos.clients.writers import PATH as RECORDS
from chaos.mails import Mail

ASK_SECONDS = 120.0
LINK = re.compile(r"https?://\S+/v1/auth/verifications/\S+")


class Unanswered(Exception):
    """The system has settled and yet does not answer a question."""


@dataclass
class Holdings:
    """Plain values: all that the checker compares with the book."""

    records: list[dict[str, Any]] = field(default_factory=list)
    prints: dict[str, str] = field(default_factory=dict)
    """Record's id -> SHA-256 of the file in it, as the gateway gave it out."""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Id -> state, mark (the call that submitted it)."""
    job_ends: Counter = field(default_factory=Counter)
    mails: list[Mail] = field(default_factory=list)
    dead_links: list[str] = field(default_factory=list)
    """Addresses whose mailed link does not open."""


class Asker:
    """Asks as the admin; what does not answer is asked again for a while."""

    def __init__(self, account: Account):
        self.account, self.http = account, session()

    def records(self) -> list[dict[str, Any]]:
        return self._pages(RECORDS)

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Every job that was submitted by a client, with its mark."""
        listed = [one for one in self._pages(JOBS) if one["kind"] == "geo.nearest"]
        full = {one["id"]: self._ask(f"{JOBS}/{one['id']}").json() for one in listed}
        return {name: {"state": job["state"], "mark": mark_of(job["result"])} for name, job in full.items()}

    def prints(self, records: list[dict[str, Any]]) -> dict[str, str]:
        """The SHA-256 of every file that is in a record."""
        filed = {record["id"]: record["photo"]["url"] for record in records if record["photo"]}
        return {name: hashlib.sha256(self._ask(url).content).hexdigest() for name, url in filed.items()}

    def dead_links(self, mails: list[Mail]) -> list[str]:
        """Follows the link of each mail that has one, once per message."""
        links = {mail.message_id: (mail.to, found[0]) for mail in mails if (found := LINK.search(mail.text))}
        return [to for to, link in links.values() if not self._ask(path_of(link), is_refusal_fine=True).ok]

    def _pages(self, path: str) -> list[dict[str, Any]]:
        items, query = [], {"limit": 100}
        while True:
            page = document(self._ask(path, params=query))
            items += page["items"]
            if not page.get("next"):
                return items
            query = {"limit": 100, "cursor": page["next"]}

    def _ask(self, path: str, *, is_refusal_fine: bool = False, **more: Any) -> requests.Response:
        deadline = time.monotonic() + ASK_SECONDS
        while True:
            headers = {"Authorization": f"Bearer {self.account.token}"}
            answer = sent(self.http, "GET", self.account.url + path, headers=headers, **more)
            if answer is not None and (answer.ok or (is_refusal_fine and 400 <= answer.status_code < 500)):
                return answer
            if time.monotonic() > deadline:
                raise Unanswered(f"GET {path}: {answer.status_code if answer is not None else 'no answer'}")
            if answer is not None and answer.status_code == 401:
                self.account.sign_in(self.http)
            time.sleep(0.2)
