"""The gate: everything that goes out to sockets passes here, and those that don't take it are cut."""

from socket import SHUT_RDWR
from typing import Any

import gevent
import orjson
from flask_socketio import SocketIO

from services.realtime.errors import ReadingTooSlowly
from services.realtime.limits import MAX_QUEUED
from shared.logs import get
from shared.problems import Problem

NAMESPACE = "/"
LAST_WORDS_SECONDS = 2
"""A socket that was told why it is cut has so long to hear it."""
LAST_POLL_SECONDS = 1
"""One that is sent elsewhere has so long to fetch what waits for it."""
DRAIN_SECONDS = 30

log = get("realtime")


class Json:
    """orjson under the names that Socket.IO asks for; it also takes fragments that are JSON already."""

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_options: Any) -> Any:
        return orjson.loads(text)


class Gate:
    """Sends to sockets, watches how much waits for each, ends them."""

    def __init__(self, socketio: SocketIO):
        self._socketio = socketio

    def emit(self, sid: str, event: str, payload: dict[str, Any]) -> None:
        """Puts one event in the socket's queue; cuts the socket when too much waits there. Never waits."""
        self._socketio.server.emit(event, payload, to=sid)
        if self.waiting(sid) > MAX_QUEUED:
            self.drop(sid)

    def waiting(self, sid: str) -> int:
        """How many messages the socket has not taken yet."""
        transport = self._transport(sid)
        return transport.queue.qsize() if transport else 0

    def drain(self, sid: str, seconds: float) -> None:
        """Lets others run for so long, then on until the socket has taken half of what it may have waiting."""
        gevent.sleep(seconds)
        with gevent.Timeout(DRAIN_SECONDS, False):
            while self.waiting(sid) > MAX_QUEUED // 2:
                gevent.sleep(0.02)

    def cut(self, sid: str, problem: Problem) -> None:
        """Tells the socket why, and ends it."""
        transport = self._transport(sid)
        if transport is None:
            return
        log.info("socket cut", code=problem.code)
        server = self._socketio.server
        server.emit("problem", problem.to_dict(), to=sid)
        server.disconnect(sid)
        gevent.spawn_later(LAST_WORDS_SECONDS, self._close, transport)

    def refuse(self, engine_sid: str, problem: Problem) -> None:
        """Ends a session; its socket is told why, where it has one already."""
        sid = self._socketio.server.manager.sid_from_eio_sid(engine_sid, NAMESPACE)
        transport = self._socketio.server.eio.sockets.get(engine_sid)
        if sid is not None:
            self.cut(sid, problem)
        elif transport is not None:
            self._close(transport)

    def send_elsewhere(self, sid: str, problem: Problem) -> None:
        """Tells the socket why, and hangs up on it without a farewell, after which clients come back by themselves."""
        transport = self._transport(sid)
        if transport is not None:
            self._socketio.server.emit("problem", problem.to_dict(), to=sid)
            gevent.spawn_later(LAST_POLL_SECONDS, self._close, transport)

    def drop(self, sid: str) -> None:
        """Ends a socket that takes nothing any more, without a word: it would not take that either."""
        transport = self._transport(sid)
        if transport is not None:
            log.warning("socket dropped", code=ReadingTooSlowly.code, waiting=transport.queue.qsize())
            self._close(transport)

    def note_connection(self, engine_sid: str, tcp: Any) -> None:
        """Keeps the TCP connection of a WebSocket, to hang up where need be."""
        transport = self._socketio.server.eio.sockets.get(engine_sid)
        if transport is not None:
            transport.session["tcp"] = tcp

    def holds(self, engine_sid: str) -> bool:
        """Whether an Engine.IO session is one of this instance's."""
        return engine_sid in self._socketio.server.eio.sockets

    def _transport(self, sid: str) -> Any:
        server = self._socketio.server
        try:
            return server.eio.sockets.get(server.manager.eio_sid_from_sid(sid, NAMESPACE))
        except KeyError:  # the last socket of the namespace has just gone
            return None

    def _close(self, transport: Any) -> None:
        tcp = transport.session.get("tcp")
        transport.close(wait=False, abort=True, reason=self._socketio.reason.SERVER_DISCONNECT)
        self._socketio.server.eio.sockets.pop(transport.sid, None)
        if tcp is not None:
            gevent.spawn_later(LAST_WORDS_SECONDS, hang_up, tcp)


def hang_up(tcp: Any) -> None:
    """Ends a connection whose writer may hang in a full TCP window."""
    try:
        tcp.shutdown(SHUT_RDWR)
    except OSError as gone:
        log.debug("the connection was gone already", error=str(gone))
