"""The running system under load: where it is, who signs in, a collection of records to work on."""

import argparse
import ipaddress
import json
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import requests

from bench.figures import progress

IMPORT_SECONDS = 120
SIGNED_IN = "@me.id != null"


def options(description: str) -> argparse.ArgumentParser:
    """The options that every program against a running system has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--state", type=Path, default=Path("var"), help="the state folder of `make up`")
    parser.add_argument("--url", help="the gateway, where it is not the one of the state folder; loopback only")
    parser.add_argument("--email", default="admin@example.com", help="the admin who signs in")
    parser.add_argument("--password-file", type=Path, help="where the password lies, if not in the state folder")
    return parser


class System:
    """A gateway on loopback and an admin's token for it."""

    def __init__(self, choice: argparse.Namespace):
        self.shape = _shape(choice.state)
        self.url = (choice.url or f"http://127.0.0.1:{self.shape.get('port', 8080)}").rstrip("/")
        self.email = choice.email
        self.password = (choice.password_file or choice.state / "secrets/admin_password").read_text().strip()
        self.address = _loopback(self.url)
        self.host = urlsplit(self.url).netloc
        self.session = requests.Session()
        self.token = self.sign_in()
        self.session.headers["Authorization"] = f"Bearer {self.token}"

    @property
    def database(self) -> str:
        return self.shape.get("database", "unknown database")

    def sign_in(self) -> str:
        """An access token of the admin's."""
        return self.call("POST", "/v1/auth/sessions", json=self.credentials)["access_token"]

    @property
    def credentials(self) -> dict[str, str]:
        return {"email": self.email, "password": self.password}

    def call(self, method: str, path: str, **more):
        """The JSON of the answer; SystemExit with the problem where there is one."""
        answer = self.session.request(method, self.url + path, timeout=30, **more)
        if not answer.ok:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None

    @contextmanager
    def collection(self, fields: list[dict], rule: str = SIGNED_IN) -> Iterator[str]:
        """A collection for the time of the load, deleted afterwards."""
        name = f"bench{uuid4().hex[:12]}"
        rules = dict.fromkeys(["list", "view", "create", "update", "delete"], rule)
        self.call("POST", "/v1/data/collections", json={"name": name, "fields": fields, "rules": rules})
        try:
            yield name
        finally:
            self.call("DELETE", f"/v1/data/collections/{name}")

    def import_rows(self, collection: str, lines: Iterable[str]) -> None:
        """Imports a CSV and waits until its rows are records."""
        path, body = f"/v1/data/collections/{collection}/imports", "\n".join(lines).encode()
        begun = self.call("POST", path, data=body, headers={"Content-Type": "text/csv"})
        deadline = time.monotonic() + IMPORT_SECONDS
        while time.monotonic() < deadline:
            state = self.call("GET", f"/v1/data/imports/{begun['id']}")
            if state["finished_at"]:
                break
            time.sleep(0.2)
        if not state["rows_written"]:
            raise SystemExit(f"the import did not succeed: {state}")
        progress(f"{state['rows_written']} records imported")


def _shape(state: Path) -> dict:
    file = state / "state.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _loopback(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    address = socket.gethostbyname(parts.hostname or "")
    if parts.scheme != "http" or not ipaddress.ip_address(address).is_loopback:
        raise SystemExit(f"{url} is not plain HTTP on loopback: load is only put on this machine.")
    return address, parts.port or 80


def hint(statuses) -> str:
    """What an operator must set where the gateway's limits were met."""
    if not statuses.get(429):
        return ""
    return "The gateway's limits were met: start the system with RATE_PER_SECOND=100000 AUTH_RATE_PER_SECOND=10000."
