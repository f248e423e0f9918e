"""Engine.IO, bounded: whatever a client sends or leaves undone costs neither memory nor a connection for long."""

from typing import Any

from engineio import exceptions, payload, socket
from engineio.async_drivers import gevent as driver
from gevent.lock import BoundedSemaphore

AT_ONCE = 16
"""Of one poll: python-engineio's own client gives up when more packets come."""
TAKEN_AT_ONCE = 128
"""Of one request: a client that polls sends all that it has, and may send bursts."""


class BoundedSocket(socket.Socket):
    """An Engine.IO session that hands out so many packets and keeps the others for the next poll."""

    def poll(self) -> list[Any]:
        """Waits for the first packet, and takes what has come with it; nothing where the session ends."""
        none_left = self.server.get_queue_empty_exception()
        try:
            packets = [self._taken(timeout=self.server.ping_interval + self.server.ping_timeout)]
        except none_left:
            raise socket.exceptions.QueueEmpty from None
        try:
            while packets[-1] is not None and len(packets) < AT_ONCE:
                packets.append(self._taken(block=False))
        except none_left:
            return packets
        if packets[-1] is None and len(packets) > 1:
            self.queue.put(None)  # for the next poll: what came before the end is told first
        return packets if packets[-1] is not None else packets[:-1]

    def handle_post_request(self, environ: dict[str, Any]) -> None:
        """Takes a client's packets; where they can't be read the session ends, as it does at one of a wrong type."""
        try:
            super().handle_post_request(environ)
        except (ValueError, KeyError) as error:
            raise exceptions.EngineIOError from error

    def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        """Ends the session; never waits until the client has fetched what is left, for it may never do so."""
        super().close(wait=False, abort=abort, reason=reason)

    def _taken(self, **how: Any) -> Any:
        packet = self.queue.get(**how)
        self.queue.task_done()
        return packet


class SentWhole:
    """A TCP connection that sends all that it is given, one thing after the other.

    The library trusts `send` to do so; one of gevent sends what there is room for, and a frame would be cut short.
    """

    def __init__(self, tcp: Any):
        self._tcp, self._turn = tcp, BoundedSemaphore(1)

    def send(self, data: bytes) -> int:
        """Waits for room and for its turn."""
        with self._turn:
            self._tcp.sendall(data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tcp, name)


class BoundedWebSocket(driver.WebSocketWSGI):
    """A WebSocket that ends as soon as a message outgrows the limit, and at one that is no packet of Engine.IO."""

    def __init__(self, handler: Any, server: Any):
        super().__init__(handler, server)
        self.server_args["max_message_size"] = server.max_http_buffer_size

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serves the WebSocket until it ends."""
        return super().__call__(environ | {"gunicorn.socket": SentWhole(environ["gunicorn.socket"])}, start_response)

    def wait(self) -> Any:
        """The next message; None where there is none any more."""
        message = super().wait()
        is_packet = isinstance(message, bytes) or (message or " ")[0] in "0123456"
        return message if is_packet else None


def bound() -> None:
    """Has every session and WebSocket be one of these; the library has no settings for it."""
    socket.Socket = BoundedSocket
    payload.Payload.max_decode_packets = TAKEN_AT_ONCE
    driver._async["websocket"] = BoundedWebSocket
