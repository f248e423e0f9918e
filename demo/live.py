"""A client of Quintet's live updates: one Socket.IO connection that remembers what arrived."""

import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import engineio
import socketio
import websocket

from demo.client import Refused
from demo.waiting import DidNotHappen, deadline_in

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
LIVE_EVENTS = ("change", "offset", "refresh", "ended", "message", "job", "problem")


class Arrival(NamedTuple):
    """Something the server sent, and when it came."""

    name: str
    data: dict[str, Any]
    at: float


class InOrder(engineio.Client):
    """Takes one message after the other; by itself the library gives each a thread, and two may overtake each other."""

    def _trigger_event(self, event: str, *args: Any, run_async: bool = False, **more: Any) -> Any:
        return super()._trigger_event(event, *args, run_async=run_async and event != "message", **more)

    def _reset(self) -> None:
        """The library lets go of its connections, unclosed where it was the server that ended them."""
        if self.ws is not None:
            self.ws.shutdown()
        if self.http is not None:
            self.http.close()
        super()._reset()


class ClosedWhenCut(websocket.WebSocket):
    """Closes itself where receiving fails; the library leaves one open that is cut before its first packet."""

    def recv(self) -> str | bytes:
        try:
            return super().recv()
        except Exception:
            self.shutdown()
            raise


class SocketIO(socketio.Client):
    """A Socket.IO client whose handlers are called in the order in which the server sent."""

    def __init__(self, **options: Any):
        super().__init__(websocket_extra_options={"class_": ClosedWhenCut}, **options)

    def _engineio_client_class(self) -> type[engineio.Client]:
        return InOrder


class Live:
    """One Socket.IO connection that remembers in order what arrived; it does not reconnect by itself."""

    ack_seconds = connect_seconds = 30
    returns = 0
    """How often it was cut and came back."""
    trouble: Exception | None = None
    """Why it came back no more."""

    def __init__(self, url: str, token: str, *, transport: str = "websocket"):
        self._url, self._token, self._transport = url, token, transport
        self._arrived, self._news = [], threading.Condition()
        self._socket = self._opened()

    def _opened(self) -> SocketIO:
        """A new connection; Refused where the server says why not."""
        opened, refusals = SocketIO(reconnection=False), []
        for name in LIVE_EVENTS:
            opened.on(name, partial(self._keep, name))
        opened.on("connect_error", refusals.append)
        try:
            opened.connect(
                self._url, auth={"token": self._token}, transports=[self._transport], wait_timeout=self.connect_seconds
            )
        except socketio.exceptions.ConnectionError:
            problem = next((told["data"] for told in refusals if isinstance(told, dict) and told.get("data")), None)
            if problem is None:
                raise
            raise Refused(problem) from None
        return opened

    def _keep(self, name: str, data: dict[str, Any]) -> None:
        with self._news:
            self._arrived.append(Arrival(name, data, time.time()))
            self._news.notify_all()

    def attach(self, begin: Callable[[Ask], None]) -> None:
        """Begins something that lives on the connection: a subscription, a place in a room."""
        begin(self.ask)

    def ask(self, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """Sends an event and gives what it was acknowledged with; Refused for a problem."""
        answer = self._socket.call(event, data, timeout=self.ack_seconds)
        if "problem" in answer:
            raise Refused(answer["problem"])
        return answer["ok"]

    def all(self, *names: str) -> list[Arrival]:
        """Everything of these names that has arrived, oldest first."""
        with self._news:
            return [arrival for arrival in self._arrived if arrival.name in names]

    def wait_for(self, name: str, is_enough, *, within: float = 60.0) -> list[Arrival]:
        """What has arrived of this name once `is_enough` says so of it; DidNotHappen after `within` seconds."""
        deadline = deadline_in(within)
        with self._news:
            while True:
                found = [arrival for arrival in self._arrived if arrival.name == name]
                if is_enough(found):
                    return found
                if self.trouble:
                    raise DidNotHappen(f"the connection is lost: {self.trouble!r}") from self.trouble
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
        """Leaves; where the server has hung up, the library has left this end open."""
        self._socket.disconnect()
        if self._socket.eio.ws is not None:
            self._socket.eio.ws.shutdown()
