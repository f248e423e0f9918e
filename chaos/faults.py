"""The faults: each begins, lasts and ends; whatever is signalled belongs to the system that is under chaos."""

import contextlib
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
import redis
from kombu import Connection
from kombu.exceptions import KombuError
from kombu.transport import pyamqp

from chaos import schedule
from chaos.schedule import Fault
from chaos.system import System
from quintet import processes, rabbitmq
from quintet.state import SERVICES
from shared.bus.amqp.topology import queues_of
from shared.bus.source.outbox import PARTITIONS

SUPERVISOR_SECONDS = 15.0


class Impossible(Exception):
    """The fault could not be made just now; its text says why."""


class Faults:
    """Makes the faults of a schedule. `during(fault)` is a context: inside, the fault lasts."""

    def __init__(self, system: System, seed: int):
        self.system, self.seed = system, seed
        self._surgery = threading.Lock()
        restarts = (schedule.REDIS_RESTART, schedule.REDIS_TAIL, schedule.REDIS_EMPTY)
        restart = self._restart_redis if system.broker == "redis" else self._restart_rabbitmq
        self._ways: dict[str, Callable[[Fault], AbstractContextManager[None]]] = {
            schedule.KILL: self._kill,
            schedule.KILL_ALL: self._kill_all,
            schedule.STOP: self._stop,
            schedule.STOP_THEN_KILL: self._stop,
            **dict.fromkeys(restarts, restart),
            schedule.REDIS_FLUSH: self._flush_redis if system.broker == "redis" else self._flush_rabbitmq,
            schedule.DISK: self._fill_disk,
        }

    def during(self, fault: Fault) -> AbstractContextManager[None]:
        """The fault, from its beginning to its end."""
        return self._ways.get(fault.kind, self._disturb)(fault)

    def _struck(self, fault: Fault) -> list[psutil.Process]:
        """The members of the target's family that the fault is for."""
        family = self.system.family(fault.target)
        if not family:
            raise Impossible(f"{fault.target} does not run")
        if fault.part == schedule.LEADER:
            return family[:1]
        if fault.part == schedule.CHILD and len(family) > 1:
            return [random.Random(f"{self.seed}:{fault.number}").choice(family[1:])]  # noqa: S311 - as the seed says
        return family

    @contextmanager
    def _kill(self, fault: Fault) -> Iterator[None]:
        _kill(self._struck(fault))
        yield

    @contextmanager
    def _kill_all(self, fault: Fault) -> Iterator[None]:
        _kill([one for name in self.system.instances(fault.target) for one in self.system.family(name)])
        yield

    @contextmanager
    def _stop(self, fault: Fault) -> Iterator[None]:
        struck = self._struck(fault)
        for process in struck:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            yield
        finally:
            if fault.kind == schedule.STOP_THEN_KILL:
                _kill(struck)
            for process in struck:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    @contextmanager
    def _flush_redis(self, _fault: Fault) -> Iterator[None]:
        try:
            with self._redis() as client:
                client.flushall()
        except redis.RedisError as error:
            raise Impossible(f"Redis does not answer: {type(error).__name__}") from error
        yield

    @contextmanager
    def _restart_redis(self, fault: Fault) -> Iterator[None]:
        """Killed, its file left as the fault says, started again; supervisord must not be quicker with a start."""
        with self._surgery:
            supervisor = self.system.supervisor()
            for process in self.system.family("redis"):
                process.suspend()  # SIGTERM then finds it stopped: it writes no last word before it is killed
            supervisor.stop("redis")
            _kill(self.system.family("redis"))
            _wait(lambda: supervisor.processes()["redis"]["pid"] == 0)
            folder = self.system.state.path("redis", "appendonlydir")
            if fault.kind == schedule.REDIS_EMPTY:
                shutil.rmtree(folder, ignore_errors=True)
            elif fault.kind == schedule.REDIS_TAIL:
                _lose_tail(folder, random.Random(f"{self.seed}:{fault.number}"))  # noqa: S311 - as the seed says
            supervisor.start("redis")
        yield

    @contextmanager
    def _flush_rabbitmq(self, _fault: Fault) -> Iterator[None]:
        """Every queue is deleted under those who read it."""
        url = rabbitmq.url(self.system.shape, self.system.keys)
        queues = [name for service in SERVICES for name in queues_of(service, PARTITIONS)]
        try:
            with Connection(url, connect_timeout=2) as connection:
                connection.ensure_connection(max_retries=0)
                connection.connection.sock.settimeout(5)
                channel = connection.channel()
                for name in (*queues, *processes.QUEUES.values()):
                    channel.queue_delete(name)
        except (OSError, KombuError, *pyamqp.Transport.connection_errors) as error:
            raise Impossible(f"RabbitMQ does not answer: {type(error).__name__}") from error
        yield

    @contextmanager
    def _restart_rabbitmq(self, fault: Fault) -> Iterator[None]:
        """Killed; of its files what the fault says is gone: the newest log segments in part, or everything."""
        with self._surgery:
            supervisor = self.system.supervisor()
            for process in self.system.family("rabbitmq"):
                process.suspend()
            supervisor.stop("rabbitmq")
            _kill(self.system.family("rabbitmq"))
            _wait(lambda: supervisor.processes()["rabbitmq"]["pid"] == 0)
            folder = self.system.state.path("rabbitmq", "mnesia")
            if fault.kind == schedule.REDIS_EMPTY:
                shutil.rmtree(folder, ignore_errors=True)
            elif fault.kind == schedule.REDIS_TAIL:
                chance = random.Random(f"{self.seed}:{fault.number}")  # noqa: S311 - as the seed says
                _cut_end(max(folder.glob("*/quorum/*/*.wal"), key=_age, default=None), chance)
            supervisor.start("rabbitmq")
        yield

    @contextmanager
    def _fill_disk(self, fault: Fault) -> Iterator[None]:
        system = self.system
        writers = [one for name in system.names if name.startswith(fault.target) for one in system.family(name)]
        system.disks.fill(fault.target, writers)
        try:
            yield
        finally:
            system.disks.free(fault.target)

    @contextmanager
    def _disturb(self, fault: Fault) -> Iterator[None]:
        """Cuts, swallows or slows what flows between a service and Redis, or its database."""
        is_redis = fault.kind in (schedule.REDIS_CUT, schedule.REDIS_HANG, schedule.REDIS_DELAY)
        proxy = (self.system.broker_proxies if is_redis else self.system.database_proxies)[fault.target]
        if fault.delay:
            proxy.delay_seconds = fault.delay
        elif fault.kind in (schedule.REDIS_CUT, schedule.BASE_CUT):
            proxy.refuse()
        else:
            proxy.hang()
        try:
            yield
        finally:
            proxy.mend()

    def _redis(self) -> redis.Redis:
        port, password = self.system.shape.ports["redis"], self.system.keys.redis_password
        return redis.Redis(port=port, password=password, socket_timeout=2)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SUPERVISOR_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise Impossible("supervisord did not do as it was told")
        time.sleep(0.02)


def _lose_tail(folder: Path, chance: random.Random) -> None:
    """Cuts off the end of the append-only file, in mid-command most of the time, as a power loss would."""
    _cut_end(max(folder.glob("*.incr.aof"), key=_age, default=None), chance)


def _age(file: Path) -> float:
    return file.stat().st_mtime


def _cut_end(newest: Path | None, chance: random.Random) -> None:
    if newest is None:
        return
    size = newest.stat().st_size
    with newest.open("r+b") as file:
        file.truncate(max(0, size - chance.randint(1, max(1, min(size, 20_000)))))
