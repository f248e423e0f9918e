"""Many Socket.IO subscribers in one thread: each opened properly, then read as raw WebSocket frames.

A full client for each would cost more than the system under load on the same machine.
"""

import json
import re
import selectors
import socket
import time
from collections.abc import Callable

from websocket import create_connection

PATIENCE_SECONDS = 15
MARK = re.compile(rb'"mark":(\d+)')
PONG = b"\x81\x81\x00\x00\x00\x003"  # a masked text frame that says "3"


class Subscriber:
    """One socket that is subscribed to a collection; `arrived` gets the mark and time of each change."""

    def __init__(self, url: str, token: str, collection: str):
        self.arrived: list[tuple[int, float]] = []
        self._buffer = b""
        client = create_connection(f"{url}/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE_SECONDS)
        client.recv()  # Engine.IO's opening
        client.send("40" + json.dumps({"token": token}))
        self._expect(client, "40")
        client.send("420" + json.dumps(["subscribe", {"collection": collection}]))
        answer = json.loads(self._expect(client, "430").removeprefix("430"))[0]
        if "problem" in answer:
            raise SystemExit(f"subscribing failed: {answer['problem']}")
        self._client = client
        self.socket: socket.socket = client.sock

    @staticmethod
    def _expect(client, beginning: str) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            text = client.recv()
            if text == "2":
                client.send("3")
            elif text.startswith("44"):
                raise SystemExit(f"the connection was refused: {text[2:300]}")
            elif text.startswith(beginning):
                return text
        raise SystemExit(f"no {beginning} message within {PATIENCE_SECONDS} s")

    def read(self) -> None:
        """Takes in what has come; answers pings."""
        received = self.socket.recv(262144)
        if not received:
            raise SystemExit("a subscriber was disconnected")
        now = time.perf_counter()
        self._buffer += received
        for payload in self._frames():
            if payload == b"2":
                self.socket.sendall(PONG)
            elif mark := MARK.search(payload):
                self.arrived.append((int(mark[1]), now))

    def _frames(self) -> list[bytes]:
        frames, at = [], 0
        while (bounds := frame_bounds(self._buffer, at)) and bounds[1] <= len(self._buffer):
            frames.append(self._buffer[bounds[0] : bounds[1]])
            at = bounds[1]
        self._buffer = self._buffer[at:]
        return frames

    def close(self) -> None:
        self._client.close(timeout=1)


def frame_bounds(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the payload of the server's frame at `at` begins and ends; None while its head is not whole."""
    if len(data) < at + 2:
        return None
    size, extra = data[at + 1], {126: 2, 127: 8}.get(data[at + 1], 0)
    begins = at + 2 + extra
    if extra:
        if len(data) < begins:
            return None
        size = int.from_bytes(data[at + 2 : begins], "big")
    return begins, begins + size


def read_until(subscribers: list[Subscriber], is_done: Callable[[], bool], seconds: float) -> None:
    """Reads from all of them until it is done, at most for that many seconds."""
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for subscriber in subscribers:
            selector.register(subscriber.socket, selectors.EVENT_READ, subscriber)
        while not is_done() and time.monotonic() < deadline:
            for key, _ in selector.select(0.2):
                key.data.read()
