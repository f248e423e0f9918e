"""Pokes the bus role after a commit, on a thread of its own, so that no request ever waits for the broker."""

import os
import threading

from shared.bus.transport import Transport, TransportDown


class Poker:
    """Many pokes while one is under way become one more; a failed one is forgotten, the relay looks by itself."""

    def __init__(self, transport: Transport, service: str):
        self._transport, self._service = transport, service
        self._wanted = threading.Event()
        self._pid: int | None = None
        self._lock = threading.Lock()

    def poke(self) -> None:
        """Returns at once."""
        self._wanted.set()
        if self._pid != os.getpid():  # the first in this process, also after a fork
            with self._lock:
                if self._pid != os.getpid():
                    self._pid = os.getpid()
                    threading.Thread(target=self._run, name="poker", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                self._transport.poke(self._service)
            except TransportDown:
                continue  # only a hint
