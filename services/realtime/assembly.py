"""Puts the parts of an instance together and keeps them going."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import gevent
from flask_socketio import SocketIO

from services.realtime.ending import Ending
from services.realtime.live.connections import Connections
from services.realtime.live.gate import Gate
from services.realtime.live.hub import Hub
from services.realtime.live.records import Records
from services.realtime.live.rooms import Rooms
from services.realtime.live.stream import Stream
from services.realtime.outside.reading import Reading
from services.realtime.outside.streaming import Streams
from services.realtime.outside.tail import Tail
from shared import clock
from shared.bus.feed import FeedClient
from shared.bus.transport import Transport
from shared.identity.problems import TokenExpired, TokenRevoked
from shared.logs import get

SOURCES = ("auth", "data", "realtime", "worker")
"""Those whose events mean something to sockets; all others are followed for readers outside."""
NEEDED = frozenset({"auth", "data", "realtime"})
"""Without a source of these an instance is not ready; worker's events may begin later."""
SWEEP_SECONDS = 1.0

log = get("realtime")


class Live:
    """Everything that an instance holds for its sockets; unbound until `bind`."""

    def __init__(self, socketio: SocketIO):
        self._socketio = socketio

    def bind(
        self,
        *,
        transport: Transport,
        feed: FeedClient,
        partitions: int,
        sources: Iterable[str],
        fetch_definitions: Callable[[], list[dict[str, Any]]],
        identify: Callable[[Any], Any],
        is_revoked: Callable[[str], bool],
        is_admitted: Callable[[str], bool],
    ) -> None:
        """`sources` are all services; `identify` makes an identity of a token or raises; `is_revoked` tells whether a
        session has ended, `is_admitted` whether a service is known."""
        self.gate, self.connections = Gate(self._socketio), Connections()
        self.rooms = Rooms(self.gate.emit)
        self.stream = Stream(sorted({*SOURCES, *sources}), transport, feed, partitions, anew=frozenset({"data"}))
        self.records = Records(
            self.stream.tracks["data"],
            partitions,
            self.gate.emit,
            fetch=fetch_definitions,
            ask=partial(feed.ask, "data", consumer=None),
            pause=lambda subscription, seconds: self.gate.drain(subscription.sid, seconds),
        )
        self._tail = Tail(Hub(self.connections, self.records, self.rooms, self.gate.emit, self.gate.cut))
        self._ending = Ending(self.connections, self.gate, self._tail)
        self.reading = Reading(self.stream.tracks, self._tail, feed.ask)
        self.streams = Streams(self.reading, is_admitted)
        self._identify, self._is_revoked = identify, is_revoked

    def start(self) -> None:
        """Reads the events and minds the sockets for as long as the process lives."""
        self.stream.start(self._tail)
        gevent.spawn(self._mind)
        gevent.spawn(self._ending.await_and_empty)

    @property
    def missing(self) -> set[str]:
        """The sources that are needed and whose events have not begun."""
        return NEEDED & set(self.stream.missing())

    def check_ready(self) -> None:
        """Raises RuntimeError while a source that is needed has not begun."""
        if missing := self.missing:
            raise RuntimeError(f"events have not begun: {', '.join(sorted(missing))}")

    def identify(self, token: Any) -> Any:
        """Whose token that is; raises the problem where it is none, has expired, or its session has ended."""
        identity = self._identify(token)
        if self.connections.is_ended(identity.session_id):
            raise TokenRevoked()
        return identity

    def _mind(self) -> None:
        while True:
            gevent.sleep(SWEEP_SECONDS)
            try:
                self.records.tell_offsets()
                self._cut_those_that_ended()
            except Exception:
                log.exception("sockets could not be minded")

    def _cut_those_that_ended(self) -> None:
        for connection in self.connections.expired(clock.now()):
            self.gate.cut(connection.sid, TokenExpired())
        for session in filter(self._is_revoked, self.connections.sessions()):
            for sid in self.connections.of_session(session):
                self.gate.cut(sid, TokenRevoked())
