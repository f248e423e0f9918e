"""Services outside, as tests play them: with a key of their own in the operator's file, over plain HTTP."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import orjson
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared import clock
from shared.ids import new_id

SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "integer", "minimum": 1},
        "placed_at": {"type": "string", "format": "date-time"},
        "note": {"type": "string", "maxLength": 20},
    },
    "required": ["amount"],
}


class Outsider:
    """One service outside."""

    def __init__(self, name: str, file: Path, *, reads: tuple[str, ...] = ()):
        self.name, self.file, self.reads, self.key = name, file, reads, Ed25519PrivateKey.generate()

    def is_added(self) -> "Outsider":
        """The operator adds it."""
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._write(self._known() | {self.name: {"public_key": base64.b64encode(raw).decode(), "reads": self.reads}})
        return self

    def is_removed(self) -> None:
        """The operator takes it away."""
        self._write({name: one for name, one in self._known().items() if name != self.name})

    def headers(self, **claims: Any) -> dict[str, str]:
        now = clock.now()
        says = {"iss": self.name, "aud": "realtime", "iat": now, "exp": now + timedelta(seconds=60), "type": "service"}
        return {"Authorization": f"Bearer {jwt.encode({**says, **claims}, self.key, 'EdDSA')}"}

    def event(self, **changed: Any) -> dict[str, Any]:
        """An order that was placed."""
        order = new_id()
        event = {"specversion": "1.0", "id": order, "type": f"{self.name}.order_placed", "subject": f"orders/{order}"}
        return {**event, "data": {"amount": 1}, **changed}

    def _known(self) -> dict[str, Any]:
        return orjson.loads(self.file.read_bytes()) if self.file.exists() else {}

    def _write(self, known: dict[str, Any]) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_bytes(orjson.dumps(known))
        fresh.replace(self.file)


class Reader:
    """Reads events of a running instance for an outsider."""

    def __init__(self, outsider: Outsider, url: str):
        self.outsider, self.url = outsider, url

    def get(self, **query: Any) -> requests.Response:
        return requests.get(f"{self.url}/v1/events", params=query, headers=self.outsider.headers(), timeout=60)

    def page(self, **query: Any) -> dict[str, Any]:
        answer = self.get(**query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stream(self, last_id: str | None = None, **query: Any) -> "Stream":
        headers = self.outsider.headers() | {"Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": last_id} if last_id else {}
        return Stream(requests.get(f"{self.url}/v1/events", params=query, headers=headers, stream=True, timeout=60))


class Stream:
    """Server-sent events as they come; where it was not refused, it has begun."""

    def __init__(self, answer: requests.Response):
        self.answer = answer
        self._lines = (line.decode() for line in answer.iter_lines(chunk_size=1))
        if answer.status_code == 200:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            assert next(self._lines).startswith("retry: ")

    def messages(self, count: int) -> list[dict[str, str]]:
        """The next messages that have data, each by its fields."""
        found: list[dict[str, str]] = []
        fields: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line and name:
                fields[name] = value
            elif "data" in fields:
                found.append(fields)
                fields = {}
                if len(found) == count:
                    break
        return found

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
