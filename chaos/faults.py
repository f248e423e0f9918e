"""The faults: each begins, lasts and ends; whatever is signalled belongs to the system that is under chaos."""

import contextlib
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psutil

from chaos import brokers, schedule
from chaos.brokers import Brokers, Impossible, kill
from chaos.schedule import Fault
from chaos.system import System


class Faults:
    """Makes faults of a schedule. `during(fault)` is a context: inside, the fault lasts; it may raise Impossible."""

    def __init__(self, system: System, seed: int):
        self.system, self.seed = system, seed
        self._brokers = Brokers(system)
        self._ways: dict[str, Callable[[Fault], AbstractContextManager[None]]] = {
            schedule.KILL: self._kill,
            schedule.KILL_ALL: self._kill_all,
            schedule.STOP: self._stop,
            schedule.STOP_THEN_KILL: self._stop,
            schedule.DISK: self._fill_disk,
            schedule.CUT: self._disturb,
            schedule.HANG: self._disturb,
            schedule.DELAY: self._disturb,
        }

    def during(self, fault: Fault) -> AbstractContextManager[None]:
        """The fault, from its beginning to its end."""
        return self._ways.get(fault.kind, self._upset)(fault)

    def _chance(self, fault: Fault) -> random.Random:
        return random.Random(f"{self.seed}:{fault.number}")  # noqa: S311 - the seed decides

    def _struck(self, fault: Fault) -> list[psutil.Process]:
        """The members of the target's family that the fault is for."""
        family = self.system.family(fault.target)
        if not family:
            raise Impossible(f"{fault.target} does not run")
        if fault.part == schedule.LEADER:
            return family[:1]
        if fault.part == schedule.CHILD and len(family) > 1:
            return [self._chance(fault).choice(family[1:])]
        return family

    @contextmanager
    def _kill(self, fault: Fault) -> Iterator[None]:
        kill(self._struck(fault))
        yield

    @contextmanager
    def _kill_all(self, fault: Fault) -> Iterator[None]:
        kill([one for name in self.system.instances(fault.target) for one in self.system.family(name)])
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
                kill(struck)
            for process in struck:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    @contextmanager
    def _upset(self, fault: Fault) -> Iterator[None]:
        """What is done to a broker itself is over at once."""
        if fault.kind == schedule.REDIS_FLUSH:
            self._brokers.flush_redis()
        elif fault.kind == schedule.RABBIT_FLUSH:
            self._brokers.delete_queues()
        elif fault.kind in (schedule.REDIS_EMPTY, schedule.RABBIT_EMPTY):
            self._brokers.restart(fault.target, brokers.empty)
        elif fault.kind in (schedule.REDIS_TAIL, schedule.RABBIT_TAIL):
            self._brokers.restart(fault.target, brokers.lose_tail(self._chance(fault), fault.target))
        else:
            self._brokers.restart(fault.target, brokers.keep)
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
        """Cuts, swallows or slows what flows between a service and a server."""
        proxy = self.system.proxies[fault.target, fault.part]
        if fault.kind == schedule.DELAY:
            proxy.delay_seconds = fault.delay
        elif fault.kind == schedule.CUT:
            proxy.refuse()
        else:
            proxy.hang()
        try:
            yield
        finally:
            proxy.mend()
