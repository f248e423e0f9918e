"""A live connection that comes back: a new socket whenever one has gone, on which everything goes on where it was."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from socketio.exceptions import SocketIOError

from demo.client import Refused
from demo.live import Ask, Live, SocketIO
from demo.waiting import DidNotHappen, eventually

PAUSE_SECONDS = 0.2
INTERNAL = 500
"""From this status on a refusal says nothing of what was asked, and it is asked again."""


class Lasting(Live):
    """Comes back for as long as anybody would wait; what was attached begins anew each time, from where it was."""

    ack_seconds = connect_seconds = 5
    """The library does not notice that what it waits for on a connection went with it."""

    def __init__(self, url: str, token: str, *, transport: str = "websocket"):
        self._leaving, self._turn = threading.Event(), threading.RLock()
        self._attached: list[Callable[[Ask], None]] = []
        super().__init__(url, token, transport=transport)
        threading.Thread(target=self._stay, name="lasting", daemon=True).start()

    def attach(self, begin: Callable[[Ask], None]) -> None:
        """Has it begun on this connection, or the next where this one is cut meanwhile."""
        with self._turn:
            self._attached.append(begin)
            try:
                begin(self._ask_here)
            except SocketIOError:
                self._socket.disconnect()

    def ask(self, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """The answer, by whichever connection: what is asked must bear to be asked twice."""

        def answer() -> list[dict] | None:
            try:
                with self._turn:
                    return [self._ask_here(event, data)]
            except SocketIOError:
                return None

        return eventually(answer, f"{event} is answered", within=30, every=PAUSE_SECONDS)[0]

    def breaks(self) -> None:
        """The network drops, and stays away."""
        self._leaving.set()
        with self._turn, suppress(AttributeError, OSError):  # it may have dropped by itself a moment ago
            super().breaks()

    def close(self) -> None:
        """Leaves for good."""
        self._leaving.set()
        with self._turn:
            super().close()

    def _opened(self) -> SocketIO:
        """A connection as soon as one is to be had; Refused where it is this client who is not wanted."""

        def opened() -> SocketIO | None:
            if self._leaving.is_set():
                raise DidNotHappen("it left before it was connected")
            try:
                return Live._opened(self)
            except Refused as refused:
                if refused.status < INTERNAL:
                    raise
            except (SocketIOError, OSError):
                pass  # nobody is there yet
            return None

        return eventually(opened, "somebody answers at the other end", within=60, every=PAUSE_SECONDS)

    def _ask_here(self, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """The answer by this connection; a server that can't answer just now is asked again."""

        def answer() -> list[dict] | None:
            try:
                return [Live.ask(self, event, data)]
            except Refused as refused:
                if refused.status < INTERNAL:
                    raise
                return None

        return eventually(answer, f"{event} is answered", within=30, every=PAUSE_SECONDS)[0]

    def _stay(self) -> None:
        """Comes back after each cut until it leaves."""
        try:
            while True:
                self._socket.eio.wait()
                if self._leaving.is_set():
                    return
                self._come_back()
        except Exception as error:  # told to whoever waits for news
            with self._news:
                self.trouble = None if self._leaving.is_set() else error
                self._news.notify_all()

    def _come_back(self) -> None:
        """A new connection with all that was attached; one that is cut meanwhile is followed by the next."""
        with self._turn:
            self._socket = self._opened()
            self.returns += 1
            try:
                for begin in self._attached:
                    begin(self._ask_here)
            except SocketIOError:
                self._socket.disconnect()
        with self._news:  # what came before its beginning was known by name counts only now
            self._news.notify_all()
