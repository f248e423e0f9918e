"""The bank's client: sends one entry after the other under an Idempotency-Key until each is answered."""

import itertools
import queue
import threading
import time
from http.client import HTTPConnection, HTTPException

import orjson

from tests.faults.bank import Errand, Kind

ANSWERED = 201
PATIENCE_SECONDS = 8.0
"""Longer than a service waits for a lock before it answers 503."""


class Writer:
    """Sends on a thread of its own; an answer that is lost, or 503, has the same request sent again."""

    def __init__(self, port: int, number: int):
        """`number` keeps the entries of several writers apart."""
        self.port, self.number, self.accepted = port, number, []
        self._amounts, self._entries = itertools.count(number * 100), queue.Queue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def send(self, account: str, kind: Kind = "plain", errand: Errand | None = None) -> None:
        """Puts an entry in the queue."""
        account = f"{account}{self.number}"
        self._entries.put({"account": account, "amount": next(self._amounts), "kind": kind, "errand": errand})

    def is_done(self) -> bool:
        """Whether every entry was answered."""
        return self._entries.unfinished_tasks == 0

    def close(self) -> None:
        self._stop.set()
        self._entries.put(None)
        self._thread.join(PATIENCE_SECONDS + 2)

    def _run(self) -> None:
        while (entry := self._entries.get()) is not None:
            while not self._stop.is_set() and not self._is_answered(entry):
                time.sleep(0.05)
            self._entries.task_done()

    def _is_answered(self, entry: dict) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"entry-{entry['amount']}"}
        try:
            connection.request("POST", "/entries", orjson.dumps(entry), headers)
            status = connection.getresponse().status
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
        if status == ANSWERED:
            self.accepted.append(entry["amount"])
        elif status != 503:
            raise AssertionError(f"an entry was answered {status}")
        return status == ANSWERED
