"""The broker as the harness breaks it: what it can do to a Valkey, and to a RabbitMQ."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Literal, Protocol

from shared.bus.amqp.topology import queues_of
from shared.bus.source.outbox import PARTITIONS
from shared.testing.rabbit import RabbitServer
from shared.testing.servers import RedisServer
from tests.faults.bank import READERS, SOURCE, TASKS

Loss = Literal["tail", "all"]


class Broker(Protocol):
    """A real broker of the harness's own, carrying bus and commands."""

    name: str
    url: str
    """For bus and Celery alike."""
    address: tuple[str, int]

    def url_at(self, port: int) -> str:
        """The broker's URL through a proxy on that port."""

    def begin(self) -> None:
        """Notes where its file stands: what is lost later was written since."""

    def restart(self, lose: Loss) -> None:
        """Killed (-9) and started again with its file's tail lost, or with nothing."""

    def flush(self) -> None:
        """Forgets everything while it runs."""

    def off(self) -> None:
        """Killed (-9), its file kept."""

    def on(self) -> None:
        """Started again where it is off."""

    def stop(self) -> None:
        """Ended for good."""


class RedisBroker:
    """A Valkey that writes an append-only file, as in production."""

    name = "redis"

    def __init__(self, folder: Path):
        folder.mkdir(parents=True)
        self._server = RedisServer(folder).start()
        self.url, self.address = self._server.url, ("127.0.0.1", self._server.port)
        self._start_of_file = 0

    def url_at(self, port: int) -> str:
        return f"redis://127.0.0.1:{port}/0"

    def begin(self) -> None:
        self._start_of_file = self._tail().stat().st_size

    def restart(self, lose: Loss) -> None:
        self.off()
        if lose == "all":
            shutil.rmtree(self._server.folder / "appendonlydir")
        else:
            self._lose_half()
        self.on()

    def flush(self) -> None:
        with self._server.client() as client:
            client.flushall()

    def off(self) -> None:
        self._server.stop()

    def on(self) -> None:
        if self._server.process is None:
            self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def _lose_half(self) -> None:
        """Of what was written since the beginning; the cut may go through the middle of a command."""
        tail = self._tail()
        with tail.open("r+b") as file:
            file.truncate((self._start_of_file + tail.stat().st_size) // 2)

    def _tail(self) -> Path:
        return max((self._server.folder / "appendonlydir").glob("*.incr.aof"), key=lambda file: file.stat().st_mtime)


class RabbitBroker:
    """A RabbitMQ node; its tail is what it has written since it was copied."""

    name = "rabbitmq"

    def __init__(self, folder: Path):
        folder.mkdir(parents=True)
        self._copy = folder / "copy"
        self._server = RabbitServer().start()
        self.url, self.address = self._server.url, ("127.0.0.1", self._server.port)

    def url_at(self, port: int) -> str:
        return self.url.replace(f":{self._server.port}/", f":{port}/")

    def begin(self) -> None:
        shutil.rmtree(self._copy, ignore_errors=True)
        with suppress(shutil.Error):  # files come and go while it runs; it must be able to begin with any that are left
            shutil.copytree(self._server.data, self._copy)

    def restart(self, lose: Loss) -> None:
        self._server.stop(lose_file=True)
        if lose == "tail":
            shutil.copytree(self._copy, self._server.data)
        self.on()

    def flush(self) -> None:
        """Every queue of the cells: a RabbitMQ has no way to forget all at once while it runs."""
        queues = [name for service in (SOURCE, *READERS) for name in queues_of(service, PARTITIONS)]
        self._server.delete_queues([*queues, TASKS])

    def off(self) -> None:
        self._server.stop()

    def on(self) -> None:
        if self._server.process is None:
            self._server.start()

    def stop(self) -> None:
        self._server.end()


BROKERS = {broker.name: broker for broker in (RedisBroker, RabbitBroker)}
"""What can carry the cells."""
