"""Subscribers: one subscription each, resumed after every break from the last offset; all that comes is kept."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import socketio

from chaos.clients.calling import Account, document, sent, session
from chaos.clients.writers import LEDGER, PATH
from demo.live import SocketIO

CONNECT_SECONDS, ACK_SECONDS, AGAIN_SECONDS = 5, 10, 0.3


@dataclass(frozen=True, slots=True)
class Sighting:
    """One change as it arrived; `number` is its event's own."""

    kind: str
    record_id: str
    version: int
    note: str
    number: int
    at: float


@dataclass
class Track:
    """What one subscriber was told; `rereads` are the lists it read anew, each with the place where it did so."""

    name: str
    sees: str
    user_id: str
    since: float = 0.0
    sightings: list[Sighting] = field(default_factory=list)
    rereads: list[tuple[int, dict[str, int]]] = field(default_factory=list)
    connections: int = 0


class Subscriber(threading.Thread):
    """Connects, subscribes, listens; when the connection breaks, or is of no use, does so again."""

    def __init__(self, name: str, account: Account, sees: str):
        super().__init__(name=name, daemon=True)
        self.account, self.track = account, Track(name, sees, account.id)
        self.stopping, self.is_listening = threading.Event(), threading.Event()
        self._lock, self._http = threading.Lock(), session()
        self._offset: str | None = None
        self._must_reread = self._must_sign_in = False
        self._current: SocketIO | None = None
        """What another connection still brings late is not heard: the present one brings it again."""

    def run(self) -> None:
        while not self.stopping.is_set():
            socket = SocketIO(reconnection=False)
            try:
                self._listen(socket)
            except (socketio.exceptions.SocketIOError, OSError, ValueError):
                pass  # refused, cut or silent: the next connection goes on from the last offset
            finally:
                self.is_listening.clear()
                with self._lock:
                    self._current = None
                socket.disconnect()
            self.stopping.wait(AGAIN_SECONDS)

    def sightings(self) -> list[Sighting]:
        """What has come so far."""
        with self._lock:
            return list(self.track.sightings)

    def _listen(self, socket: SocketIO) -> None:
        if self._must_sign_in and self.account.sign_in(self._http):
            self._must_sign_in = False
        with self._lock:
            self._current, known = socket, self._offset
        for event, keep in (("change", self._keep_change), ("offset", self._keep_offset), ("refresh", self._ask_anew)):
            socket.on(event, partial(self._heard, socket, keep))
        socket.on("ended", lambda _told: socket.disconnect())
        socket.on("connect_error", self._keep_refusal)
        socket.connect(
            self.account.url, auth={"token": self.account.token}, transports=["websocket"], wait_timeout=CONNECT_SECONDS
        )
        wanted = {"collection": LEDGER} | ({"offset": known} if known else {})
        answer = socket.call("subscribe", wanted, timeout=ACK_SECONDS)
        if "ok" not in answer:
            return
        self._begin(known, answer["ok"])
        while socket.connected and not self.stopping.wait(0.1):
            self._reread()

    def _begin(self, known: str | None, told: dict[str, Any]) -> None:
        with self._lock:
            self.track.connections += 1
            if known is None:
                self.track.since = time.time()
                self._offset = self._offset or told["offset"]
            elif not told["recovered"]:
                self._must_reread = True
                self._offset = told["offset"] if self._offset == known else self._offset
        self.is_listening.set()

    def _heard(self, socket: SocketIO, keep: Callable[[dict[str, Any]], None], told: dict[str, Any]) -> None:
        with self._lock:
            if socket is self._current:
                keep(told)

    def _keep_change(self, told: dict[str, Any]) -> None:
        record = told.get("record") or {}
        sighting = Sighting(
            told["kind"], record.get("id") or told["record_id"], told["version"], record.get("note") or "",
            int(told["offset"].rpartition(":")[2]), time.time(),
        )  # fmt: skip
        self.track.sightings.append(sighting)
        self._offset = told["offset"]

    def _keep_offset(self, told: dict[str, Any]) -> None:
        self._offset = told["offset"]

    def _ask_anew(self, told: dict[str, Any]) -> None:
        self._must_reread, self._offset = True, told["offset"]

    def _keep_refusal(self, told: Any) -> None:
        """The token has expired or its session has ended: the next connection has a new one."""
        problem = told.get("data", told) if isinstance(told, dict) else {}
        self._must_sign_in = isinstance(problem, dict) and problem.get("status") == 401

    def _reread(self) -> None:
        """Reads the list anew where changes alone can't bring it up to date."""
        if not self._must_reread:
            return
        with self._lock:
            place = len(self.track.sightings)
        found = read_versions(self._http, self.account)
        if found is not None:
            with self._lock:
                self.track.rereads.append((place, found))
                self._must_reread = False


def read_versions(http, account: Account) -> dict[str, int] | None:
    """Every record that the account may list, with its version; None when that was not to be had just now."""
    found: dict[str, int] = {}
    query: dict[str, Any] = {"limit": 500}
    while True:
        headers = {"Authorization": f"Bearer {account.token}"}
        answer = sent(http, "GET", account.url + PATH, params=query, headers=headers)
        if answer is None or not answer.ok:
            return None
        page = document(answer)
        found |= {record["id"]: record["version"] for record in page["items"]}
        if not page.get("next"):
            return found
        query["cursor"] = page["next"]
