"""A line to RabbitMQ: one connection and one channel, every wait on them bounded, made again after a failure."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from weakref import WeakSet

from kombu import Connection
from kombu.exceptions import KombuError
from kombu.transport.pyamqp import Channel
from kombu.transport.pyamqp import Connection as RawConnection
from kombu.transport.pyamqp import Transport as Pyamqp

from shared.bus.transport import TransportDown

ANSWER_SECONDS = 2.0
CONNECT_SECONDS = 1.0
SHORTEST_WAIT = 0.001
"""Never none: without a time-out of its own py-amqp would spin on a message that has half arrived."""
ERRORS = (OSError, KombuError, *Pyamqp.connection_errors, *Pyamqp.channel_errors)

_lines: WeakSet["Line"] = WeakSet()


class Line:
    """Used by one thread at a time, others wait; `on_open(channel)` prepares every new channel."""

    def __init__(self, url: str, on_open: Callable[[Channel], None], *, heartbeat_seconds: int = 0):
        self._url, self._on_open, self._heartbeat = url, on_open, heartbeat_seconds
        self._lock = threading.RLock()
        self._raw: RawConnection | None = None
        self._channel: Channel | None = None
        _lines.add(self)

    @contextmanager
    def channel(self) -> Iterator[Channel]:
        """The channel, opened where it is not. Whatever goes wrong on it ends the line's connection; what the broker
        or the network did wrong is raised as TransportDown."""
        with self._lock:
            try:
                yield self._opened()
            except ERRORS as error:
                self._drop()
                raise TransportDown(f"{type(error).__name__}: {error}") from error
            except BaseException as error:
                was_open = self._raw is not None and self._raw.connected
                self._drop()
                if isinstance(error, AttributeError) and not was_open:  # how py-amqp meets its own closed connection
                    raise TransportDown("the connection was closed") from error
                raise

    @property
    def is_open(self) -> bool:
        return self._channel is not None

    def drain(self, seconds: float) -> bool:
        """Takes what comes next, within `channel`; False when nothing came in time."""
        try:
            self._raw.drain_events(timeout=max(SHORTEST_WAIT, seconds))
        except TimeoutError:
            return False
        return True

    def beat(self) -> None:
        """Shows the broker that this end lives, and looks whether it does, within `channel`."""
        self._raw.heartbeat_tick()

    def close(self) -> None:
        """Takes leave of the broker, as far as it listens."""
        with self._lock:
            if self._raw is not None:
                with suppress(*ERRORS, AttributeError):
                    self._raw.close()
            self._drop()

    def forget(self) -> None:
        """In a forked child: what was open belongs to the parent, whose words on the socket must not be ours."""
        self._lock = threading.RLock()
        raw, self._raw, self._channel = self._raw, None, None
        if raw is not None and raw.connected:
            raw.sock.close()  # this process's handle only

    def _opened(self) -> Channel:
        if self._channel is None:
            connection = Connection(self._url, connect_timeout=CONNECT_SECONDS, heartbeat=self._heartbeat)
            others = max(0, len(connection.alt) - 1)
            connection.ensure_connection(max_retries=others, interval_start=0, interval_step=0)
            self._raw = connection.connection
            self._raw.sock.settimeout(ANSWER_SECONDS)
            # else every publish first looks, in a way that can spin, whether the broker is short of memory: it then
            # confirms nothing, which is noticed
            self._raw.client_properties.get("capabilities", {}).pop("connection.blocked", None)
            channel = connection.channel()
            self._on_open(channel)
            self._channel = channel
        return self._channel

    def _drop(self) -> None:
        raw, self._raw, self._channel = self._raw, None, None
        if raw is not None:
            raw.collect()


class Confirmed:
    """Publishes on a channel, and waits until the broker has taken what was published."""

    def __init__(self, line: Line, channel: Channel):
        self._line, self._channel = line, channel
        self._published = 0
        self._pending: set[int] = set()
        self._is_refused = False
        channel.confirm_select()
        channel.events["basic_ack"].add(self._taken)
        channel.events["basic_nack"].add(self._refused)

    def publish(self, body: bytes, exchange: str, key: str, *, is_lasting: bool) -> None:
        """Sends one message and does not wait."""
        self.expect()
        mode = 2 if is_lasting else 1
        message = self._channel.prepare_message(
            body, content_type="application/json", content_encoding="binary", properties={"delivery_mode": mode}
        )
        self._channel.basic_publish(message, exchange, key)

    def expect(self) -> None:
        """Counts a message that is published next, by whomever."""
        self._published += 1
        self._pending.add(self._published)

    def settle(self, seconds: float | None = None) -> None:
        """Returns when all is taken; TimeoutError when the broker does not say so in time."""
        seconds = ANSWER_SECONDS if seconds is None else seconds
        until = time.monotonic() + seconds
        while self._pending and not self._is_refused:
            if not self._line.drain(until - time.monotonic()) and time.monotonic() >= until:
                raise TimeoutError(f"{len(self._pending)} messages were not confirmed within {seconds} s")
        if self._is_refused:
            raise TransportDown("the broker refused a message")

    def _taken(self, tag: int, is_multiple: bool) -> None:
        self._pending -= {one for one in self._pending if one <= tag} if is_multiple else {tag}

    def _refused(self, _tag: int, _is_multiple: bool) -> None:
        self._is_refused = True


def _forget_all() -> None:
    for line in list(_lines):
        line.forget()


os.register_at_fork(after_in_child=_forget_all)
