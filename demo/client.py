"""A client of Quintet's public API in the size of a page: HTTP by requests, live updates by Socket.IO."""

import secrets
import socket
import threading
import time
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import requests
import socketio

from demo.waiting import DidNotHappen

LIVE_EVENTS = ("change", "offset", "refresh", "ended", "message", "job", "problem")


class Refused(Exception):
    """The answer was a problem document."""

    def __init__(self, problem: dict[str, Any]):
        self.problem, self.status, self.code = problem, problem.get("status"), problem.get("code")
        super().__init__(f"{self.status} {self.code}: {problem.get('detail') or problem.get('title')}")


class Quintet:
    """Talks to one gateway as one person; every request says which trace it belongs to."""

    def __init__(self, url: str, token: str | None = None):
        self.url, self.token, self.trace_id = url.rstrip("/"), token, secrets.token_hex(16)
        self.http = requests.Session()

    def send(self, method: str, path: str, *, headers: dict | None = None, **more) -> requests.Response:
        """The raw answer, whatever its status."""
        known = {"traceparent": f"00-{self.trace_id}-{secrets.token_hex(8)}-01"}
        if self.token:
            known["Authorization"] = f"Bearer {self.token}"
        url = path if path.startswith("http") else self.url + path
        return self.http.request(method, url, headers=known | (headers or {}), timeout=30, **more)

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


class Arrival(NamedTuple):
    """Something the server sent, and when it came."""

    name: str
    data: dict[str, Any]
    at: float


class Live:
    """One Socket.IO connection that remembers in order what arrived; it does not reconnect by itself."""

    def __init__(self, url: str, token: str, *, transport: str = "websocket"):
        self._arrived, self._news = [], threading.Condition()
        self._socket = socketio.Client(reconnection=False)
        for name in LIVE_EVENTS:
            self._socket.on(name, partial(self._keep, name))
        self._socket.on("connect_error", self._note_refusal)
        self._refusal: dict[str, Any] | None = None
        try:
            self._socket.connect(url, auth={"token": token}, transports=[transport], wait_timeout=15)
        except socketio.exceptions.ConnectionError:
            if self._refusal is None:
                raise
            raise Refused(self._refusal) from None

    def _note_refusal(self, told: Any) -> None:
        self._refusal = told.get("data") if isinstance(told, dict) else None

    def _keep(self, name: str, data: dict[str, Any]) -> None:
        with self._news:
            self._arrived.append(Arrival(name, data, time.time()))
            self._news.notify_all()

    def ask(self, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """Sends an event and gives what it was acknowledged with; Refused for a problem."""
        answer = self._socket.call(event, data, timeout=15)
        if "problem" in answer:
            raise Refused(answer["problem"])
        return answer["ok"]

    def all(self, name: str) -> list[Arrival]:
        """Everything of this name that has arrived, oldest first."""
        with self._news:
            return [arrival for arrival in self._arrived if arrival.name == name]

    def wait_for(self, name: str, is_enough, *, within: float = 15.0) -> list[Arrival]:
        """What has arrived of this name once `is_enough` says so of it; DidNotHappen after `within` seconds."""
        deadline = time.monotonic() + within
        with self._news:
            while True:
                found = [arrival for arrival in self._arrived if arrival.name == name]
                if is_enough(found):
                    return found
                if not self._news.wait(deadline - time.monotonic()):
                    last = found[-1].data if found else None
                    raise DidNotHappen(f"{len(found)} {name!r} arrived within {within:g} s, the last: {last}")

    @property
    def is_connected(self) -> bool:
        return self._socket.connected

    def breaks(self) -> None:
        """The network drops: the connection's socket is gone without a word of farewell."""
        self._socket.eio.ws.sock.shutdown(socket.SHUT_RDWR)
        self._socket.wait()

    def close(self) -> None:
        self._socket.disconnect()
