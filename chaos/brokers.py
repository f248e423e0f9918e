"""What a run does to the brokers themselves: restarts that keep, lose or empty their files, and emptying them alive."""

import contextlib
import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import redis
from kombu import Connection
from kombu.exceptions import KombuError
from kombu.transport import pyamqp

from chaos.system import System
from quintet import processes, rabbitmq
from quintet.state import SERVICES
from shared.bus.amqp.topology import queues_of
from shared.bus.source.outbox import PARTITIONS

SUPERVISOR_SECONDS = 30.0
FILES = {"redis": "appendonlydir", "rabbitmq": "mnesia"}
"""Where a broker keeps what it would not lose, in its folder."""
NEWEST = {"redis": "*.incr.aof", "rabbitmq": "*/quorum/*/*.wal"}
"""What of it was written last."""
CUT_OFF_BYTES = 20_000


class Impossible(Exception):
    """A fault could not be made just now; its text says why."""


class Brokers:
    """The brokers of one system. Two restarts wait for each other."""

    def __init__(self, system: System):
        self.system = system
        self._surgery = threading.Lock()

    def restart(self, broker: str, treat: Callable[[Path], None]) -> None:
        """Killed, its files treated, started again; supervisord must not be quicker with a start."""
        with self._surgery:
            supervisor = self.system.supervisor()
            for process in self.system.family(broker):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.suspend()  # SIGTERM then finds it stopped: it writes no last word before it is killed
            supervisor.stop(broker)
            kill(self.system.family(broker))
            _wait(lambda: supervisor.processes()[broker]["pid"] == 0)
            treat(self.system.state.path(broker, FILES[broker]))
            supervisor.start(broker)

    def flush_redis(self) -> None:
        """`FLUSHALL`."""
        port, password = self.system.shape.ports["redis"], self.system.keys.redis_password
        try:
            with redis.Redis(port=port, password=password, socket_timeout=2) as client:
                client.flushall()
        except redis.RedisError as error:
            raise Impossible(f"Redis does not answer: {type(error).__name__}") from error

    def delete_queues(self) -> None:
        """Every queue of RabbitMQ is deleted under those who read it."""
        queues = [name for service in SERVICES for name in queues_of(service, PARTITIONS)]
        try:
            with Connection(rabbitmq.url(self.system.shape, self.system.keys), connect_timeout=2) as connection:
                connection.ensure_connection(max_retries=0)
                connection.connection.sock.settimeout(5)
                channel = connection.channel()
                for name in (*queues, *processes.QUEUES.values()):
                    channel.queue_delete(name)
        except (OSError, KombuError, *pyamqp.Transport.connection_errors) as error:
            raise Impossible(f"RabbitMQ does not answer: {type(error).__name__}") from error


def keep(_files: Path) -> None:
    """The files stay."""


def empty(files: Path) -> None:
    """The files are gone."""
    shutil.rmtree(files, ignore_errors=True)


def lose_tail(chance: random.Random, broker: str) -> Callable[[Path], None]:
    """Cuts off the end of what was written last, in mid-command most of the time, as a power loss would."""

    def treat(files: Path) -> None:
        newest = max(files.glob(NEWEST[broker]), key=lambda file: file.stat().st_mtime, default=None)
        if newest is not None:
            size = newest.stat().st_size
            with newest.open("r+b") as file:
                file.truncate(max(0, size - chance.randint(1, max(1, min(size, CUT_OFF_BYTES)))))

    return treat


def kill(struck: list[psutil.Process]) -> None:
    """Kills (-9) each that still is there."""
    for process in struck:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SUPERVISOR_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise Impossible("supervisord did not do as it was told")
        time.sleep(0.02)
