"""A small TCP proxy that does to a connection what networks do: cuts, delays, refuses, swallows."""

import socket
import struct
import threading
import time

CHUNK = 64 * 1024
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: the connection ends with a reset, and nothing under way arrives any more."""


class Proxy:
    """Forwards a loopback port to `target`. The methods that break something may be called from any thread."""

    def __init__(self, target: tuple[str, int]):
        self.target = target
        self.delay_seconds = 0.0
        """For so long every piece is held, either way."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._refuses = False
        self._fatal: bytes | None = None
        self._doomed: set[socket.socket] = set()
        self._flows = threading.Event()
        self._flows.set()
        threading.Thread(target=self._accept, name=f"proxy-{self.port}", daemon=True).start()

    def cut(self) -> int:
        """Resets every connection under way; how many there were. New ones are taken."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            _reset(pair)
        return len(pairs)

    def refuse(self) -> None:
        """Resets every connection and each new one, until `mend`."""
        self._refuses = True
        self.cut()

    def lose_answer(self, to: bytes = b"") -> None:
        """Lets the next request that holds `to` through and resets its connection instead of giving the answer."""
        self._fatal = to

    def has_lost_answer(self) -> bool:
        """Whether that request has come."""
        return self._fatal is None

    def hang(self) -> None:
        """Takes connections and pieces but lets nothing through, until `mend`: a network that swallows."""
        self._flows.clear()

    def mend(self) -> None:
        """Everything flows again; what was held arrives."""
        self._refuses, self._fatal = False, None
        self.delay_seconds = 0.0
        self._flows.set()

    def close(self) -> None:
        """Ends every connection and the proxy."""
        self._refuses = True
        self._listener.close()
        self._flows.set()
        self.cut()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.target, timeout=60)
        except OSError:
            _reset((client,))
            return
        server.settimeout(None)
        pair = (client, server)
        with self._lock:
            self._pairs.add(pair)
        if self._refuses:
            self.cut()
            return
        for one in pair:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=self._pump, args=(server, client), kwargs={"is_answer": True}, daemon=True)
        back.start()
        self._pump(client, server)
        back.join()
        with self._lock:
            self._pairs.discard(pair)
            self._doomed.discard(client)
        for one in pair:
            one.close()

    def _pump(self, source: socket.socket, sink: socket.socket, *, is_answer: bool = False) -> None:
        """Until one side ends, which is passed on, or is reset."""
        try:
            while piece := source.recv(CHUNK):
                time.sleep(self.delay_seconds)
                self._flows.wait()
                if is_answer and sink in self._doomed:
                    raise ConnectionResetError
                if not is_answer:
                    self._notice(source, piece)
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            _reset((source, sink))

    def _notice(self, client: socket.socket, piece: bytes) -> None:
        with self._lock:
            if self._fatal is not None and self._fatal in piece:
                self._fatal = None
                self._doomed.add(client)


def _reset(sockets: tuple[socket.socket, ...]) -> None:
    for one in sockets:
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            one.shutdown(socket.SHUT_RD)  # wakes whoever reads from it
        except OSError:
            pass  # it has ended already
        one.close()
