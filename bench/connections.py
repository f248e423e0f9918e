"""A number of keep-alive connections that each send the next request as soon as the last is answered.

One thread and plain sockets: a client that costs as little as possible beside the system on the same machine.
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

PATIENCE_SECONDS = 10


@dataclass
class Outcome:
    """What came back: the time of each answer, how often which status, how long all took."""

    times: list[float] = field(default_factory=list)
    statuses: Counter = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds if self.seconds else 0.0

    def errors(self, expected: int) -> int:
        """How many answers had another status than the expected one."""
        return self.statuses.total() - self.statuses[expected]


@dataclass
class Answer:
    """An HTTP answer as far as it has come."""

    buffer: bytes = b""

    @property
    def status(self) -> int:
        return int(self.buffer[9:12])

    def add(self, more: bytes) -> bool:
        """Takes in bytes; True when the answer is whole."""
        self.buffer += more
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self.buffer[:end].lower()
        if b"transfer-encoding: chunked" in head:
            return self.buffer.endswith(b"0\r\n\r\n")
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        return len(self.buffer) >= end + 4 + length


class Connection:
    """One connection and the request under way on it."""

    def __init__(self, address: tuple[str, int]):
        self.address = address
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        self.answer, self.sent_at = Answer(), time.perf_counter()
        self.socket.sendall(request)


def keep_asking(
    address: tuple[str, int], next_request: Callable[[], bytes], *, connections: int, seconds: float
) -> Outcome:
    """Sends requests over all connections for that many seconds and waits for the last answers."""
    outcome, began = Outcome(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = Connection(address)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(next_request())
        while selector.get_map():
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise TimeoutError(f"no answer within {PATIENCE_SECONDS} s")
            for key, _ in ready:
                _read(selector, key.data, outcome, next_request, is_over=time.perf_counter() - began > seconds)
    outcome.seconds = time.perf_counter() - began
    return outcome


def _read(selector, connection: Connection, outcome: Outcome, next_request, *, is_over: bool) -> None:
    received = connection.socket.recv(262144)
    if received and not connection.answer.add(received):
        return
    outcome.statuses[connection.answer.status if received else 0] += 1
    outcome.times.append(time.perf_counter() - connection.sent_at)
    if is_over or not received:
        selector.unregister(connection.socket)
        connection.socket.close()
    if is_over:
        return
    if not received:  # closed on us: counted as status 0, and a new connection takes its place
        connection.open()
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    connection.send(next_request())


def request(method: str, path: str, host: str, *, token: str | None = None, body: bytes = b"", more: str = "") -> bytes:
    """The bytes of an HTTP request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n{more}"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body
