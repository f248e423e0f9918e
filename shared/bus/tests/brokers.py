"""Brokers of every kind behind one face, so that a test can say what becomes of the broker, whichever it is."""

import os
import signal
from typing import Protocol

from shared.bus.amqp import topology
from shared.bus.transport import Transport
from shared.bus.transports import transport_for
from shared.testing.in_process import InProcessBroker
from shared.testing.rabbit import RabbitServer
from shared.testing.servers import RedisServer


class Broker(Protocol):
    """A running broker; `transport` gives a new way to it, which `close` closes."""

    url: str

    def transport(self) -> Transport: ...

    def stop(self) -> None:
        """Kills it."""

    def start(self, *, is_empty: bool = False) -> None:
        """Starts it again, with what it had on its disk or without."""

    def flush(self) -> None:
        """Has it forget everything while it runs."""

    def freeze(self) -> None:
        """It answers nothing any more, and closes nothing either."""

    def thaw(self) -> None: ...

    def close(self) -> None:
        """Closes the transports, and leaves the broker as the next test wants it."""


class Transports:
    """Those that a broker has given, to be closed at the end."""

    def __init__(self, url: str):
        self.url, self.given = url, []

    def transport(self) -> Transport:
        self.given.append(transport_for(self.url))
        return self.given[-1]

    def close(self) -> None:
        for transport in self.given:
            transport.close()


class RedisBroker(Transports):
    """A Valkey of the test's own."""

    def __init__(self, server: RedisServer):
        super().__init__(server.url)
        self.server = server

    def stop(self) -> None:
        self.server.stop()

    def start(self, *, is_empty: bool = False) -> None:
        self.server.stop(lose_file=is_empty)
        self.server.start()

    def flush(self) -> None:
        with self.server.client() as client:
            client.flushall()

    def freeze(self) -> None:
        os.kill(self.server.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.server.process.pid, signal.SIGCONT)


class RabbitBroker(Transports):
    """The run's RabbitMQ; a test that stops it has it started again."""

    def __init__(self, server: RabbitServer, services: tuple[str, ...], partitions: int):
        super().__init__(server.url)
        self.server = server
        self.queues = [name for service in services for name in topology.queues_of(service, partitions)]
        if server.process is None:
            server.start()
        self.flush()

    def stop(self) -> None:
        self.server.stop()

    def start(self, *, is_empty: bool = False) -> None:
        self.server.stop(lose_file=is_empty)
        self.server.start()

    def flush(self) -> None:
        self.server.delete_queues(self.queues)

    def freeze(self) -> None:
        self.server.freeze()

    def thaw(self) -> None:
        self.server.thaw()


class MemoryBroker:
    """The one within the process; killed and frozen are the same to those who ask it."""

    url = "memory"

    def __init__(self) -> None:
        self.broker = InProcessBroker()

    def transport(self) -> Transport:
        return self.broker.transport()

    def stop(self) -> None:
        with self.broker.changed:
            self.broker.is_down = True
            self.broker.changed.notify_all()

    def start(self, *, is_empty: bool = False) -> None:
        if is_empty:
            self.broker.forget()
        self.broker.is_down = False

    def flush(self) -> None:
        self.broker.forget()

    freeze, thaw = stop, start

    def close(self) -> None:
        """It goes with the test."""
