"""The end of an instance: whoever is connected to it is told and sent to another one, some at a time."""

import math

import gevent

from services.realtime.errors import InstanceEnding
from services.realtime.live.connections import Connections
from services.realtime.live.gate import Gate
from services.realtime.outside.tail import Tail
from shared import draining
from shared.logs import get

LOOK_SECONDS = 0.1
SPREAD_SECONDS = 1.0
"""Not all at once, since all of them come back at once."""

log = get("realtime")


class Ending:
    """Waits for the instance to drain, and then empties it."""

    def __init__(self, connections: Connections, gate: Gate, tail: Tail):
        self._connections, self._gate, self._tail = connections, gate, tail
        self._told: set[str] = set()

    def await_and_empty(self) -> None:
        """Returns never: sockets that are opened last are told, too."""
        while not draining.has_begun():
            gevent.sleep(LOOK_SECONDS)
        log.info("the instance ends, its sockets are sent to others", sockets=len(self._connections))
        self._tail.wake()
        at_once = math.ceil(len(self._connections) * LOOK_SECONDS / SPREAD_SECONDS) or 1
        while True:
            self._tell(at_once)
            gevent.sleep(LOOK_SECONDS)

    def _tell(self, count: int) -> None:
        untold = [one.sid for one in self._connections if one.sid not in self._told]
        for sid in untold[:count]:
            self._told.add(sid)
            self._gate.send_elsewhere(sid, InstanceEnding())
