"""A person at a socket, through the Socket.IO client that developers use."""

from typing import Any

from demo.live import SocketIO
from shared.ids import new_id
from shared.testing import eventually
from shared.testing.identity import access_token


class Person:
    """Connects with a token of a session of its own and keeps all that it is told, in order."""

    def __init__(self, *, user_id: str | None = None, role: str = "user", **claims: Any):
        self.id, self.session_id, self.role, self.claims = user_id or new_id(), new_id(), role, claims
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.refusal: Any = None
        self.socket = SocketIO(reconnection=False, handle_sigint=False, request_timeout=60)
        self.socket.on("*", lambda event, payload: self.told.append((event, payload)))
        self.socket.on("connect_error", self._note_refusal)

    def _note_refusal(self, why: Any) -> None:
        self.refusal = why

    def token(self, **claims: Any) -> str:
        return access_token(self.id, self.role, **{"sid": self.session_id, **self.claims, **claims})

    def connect(self, url: str, *, transport: str = "websocket", token: str | None = None) -> "Person":
        self.socket.connect(url, auth={"token": token or self.token()}, transports=[transport], wait_timeout=60)
        return self

    def call(self, event: str, **body: Any) -> Any:
        """The ack of an event: what is ok; a problem fails the test."""
        ack = self.socket.call(event, body, timeout=60)
        assert "ok" in ack, ack
        return ack["ok"]

    def refused(self, event: str, **body: Any) -> dict[str, Any]:
        """The problem of an event's ack."""
        return self.socket.call(event, body, timeout=60)["problem"]

    def heard(self, event: str) -> list[dict[str, Any]]:
        return [payload for name, payload in list(self.told) if name == event]

    def hears(self, event: str, count: int = 1, *, within: float = 60.0) -> list[dict[str, Any]]:
        """Waits until it was told that often; not once more may have come then."""
        eventually(lambda: len(self.heard(event)) >= count, within=within)
        assert len(self.heard(event)) == count, self.heard(event)
        return self.heard(event)

    def hears_at_least(self, event: str, count: int) -> None:
        """Waits until it was told that often."""
        eventually(lambda: len(self.heard(event)) >= count)

    def leave(self) -> None:
        self.socket.disconnect()
