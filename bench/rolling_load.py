"""The load of bench.rolling: who reads and writes, who is told, and what became of it."""

import itertools
import secrets
from collections.abc import Callable
from contextlib import suppress

import requests

from bench.figures import show
from bench.steady import Client, Follower
from demo.containers import Containers
from demo.people import the_admin
from demo.waiting import DidNotHappen, eventually

FIELDS = [{"name": "mark", "type": "integer"}]
RULES = dict.fromkeys(["list", "view", "create", "update", "delete"], "@me.id != null")
ROOM = "/v1/realtime/rooms/rolling/messages"
UNKEYED = "records created without a key (never repeated)"
HEADS = ["what", "asked", "failed", "of these", "slowest s"]
TOLD_WITHIN = 30


class Load:
    """Clients at a steady pace and subscribers, from `begin` to `end`; an admin's collections for them to work on."""

    def __init__(self, system: Containers, label: str, rate: float):
        self.system, self.admin = system, the_admin(system)
        self.admin.signs_in()
        self.keyed, self.plain = (self._collection(f"rolling_{label}_{kind}") for kind in ("keyed", "plain"))
        self.writer = self._client("records created under a key", rate, 201, keyed(self.keyed, "mark"))
        self.accounts = self._client("accounts under a key, each with a mail", rate / 5, 202, self._account)
        self.clients = [*self._readers(rate), self.writer, self.accounts]
        self.clients.append(self._client("messages said under a key", rate / 2, 201, keyed(ROOM, "text", str)))
        self.unkeyed = self._client(UNKEYED, rate, 201, lambda number: ("POST", self.plain, {"json": {"mark": number}}))
        name = self.keyed.split("/")[4]
        self.followers = [Follower(self.admin, name, transport) for transport in ("websocket", "websocket", "polling")]

    def begin(self) -> None:
        for one in (*self.followers, *self.clients, self.unkeyed):
            one.start()

    def end(self) -> bool:
        """Shows what was asked and told; whether nothing failed but what is never repeated, and nothing was missed."""
        for client in (*self.clients, self.unkeyed):
            client.stop()
        missed = [self._show_told(one) for one in self.followers]
        missed.append(self._unmailed())
        print(f"{missed[-1]} mails missing of {self.accounts.statuses['202']} accounts")
        show("Requests", HEADS, [one.row() for one in (*self.clients, self.unkeyed)])
        failures = [words for one in (*self.clients, *self.followers) for words in one.failures]
        for words in [*failures[:20], *self.unkeyed.failures[:5]]:
            print(f"  {words}")
        return not failures and not any(missed)

    def _collection(self, name: str) -> str:
        wanted = {"name": f"{name}_{secrets.token_hex(3)}", "fields": FIELDS, "rules": RULES}
        return f"/v1/data/collections/{self.admin.api.ask('POST', '/v1/data/collections', json=wanted)['name']}/records"

    def _client(self, what: str, pace: float, status: int, make: Callable) -> Client:
        return Client(what, self.system.url, self.admin.api.token, pace, status, make)

    def _readers(self, rate: float) -> list[Client]:
        record = self.admin.api.ask("POST", self.plain, json={"mark": -1})["id"]
        records = itertools.cycle([f"{self.plain}/{record}", self.plain])
        others = itertools.cycle(["/v1/auth/me", "/v1/mail/deliveries", "/v1/jobs", ROOM])
        return [
            self._client("reads of records", rate * 2, 200, lambda _number: ("GET", next(records), {})),
            self._client("reads at the other services", rate, 200, lambda _number: ("GET", next(others), {})),
        ]

    def _account(self, number: int) -> tuple[str, str, dict]:
        body = {"email": self._address(number), "password": secrets.token_urlsafe(12)}
        return "POST", "/v1/auth/accounts", {"json": body, "headers": key()}

    def _address(self, number: int) -> str:
        return f"{self.keyed.split('/')[4]}-{number}@example.com"

    def _show_told(self, follower: Follower) -> int:
        """How many changes are missing, doubled or out of order."""
        wanted = list(range(self.writer.statuses["201"]))
        with suppress(DidNotHappen):
            eventually(lambda: len(follower.all_told()) >= len(wanted), "all is told", within=TOLD_WITHIN)
        follower.stop()
        told = follower.all_told()
        wrong = len(set(wanted) - set(told)) + len(told) - len(set(told)) + (told != sorted(told))
        came = f"{len(told)} of {len(wanted)} changes, {wrong} missed, doubled or out of order"
        print(f"{follower.transport}: {came}; came back {follower.returns} times")
        return wrong

    def _unmailed(self) -> int:
        """How many accounts got no mail."""
        wanted = {self._address(number) for number in range(self.accounts.statuses["202"])}
        with suppress(DidNotHappen):
            eventually(lambda: wanted <= self._mailed(), "every account has its mail", within=TOLD_WITHIN, every=1)
        return len(wanted - self._mailed())

    def _mailed(self) -> set[str]:
        mails = requests.get(f"{self.system.mails_url}/messages", timeout=30).json()
        return {address for mail in mails for address in mail["to"]}


def keyed(path: str, name: str, kind: Callable[[int], object] = int) -> Callable:
    """Writes a number, each under a key of its own."""
    return lambda number: ("POST", path, {"json": {name: kind(number)}, "headers": key()})


def key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_hex(16)}
