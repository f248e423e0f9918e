"""Kills the processes of containers from the host, one after the other, as a seed has it."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import yaml

from demo.containers import Containers, ailing
from demo.system import ROOT
from demo.waiting import eventually
from tests.e2e.freezing import strike

PILLARS = ("gateway", "realtime", "postgres", "redis")
"""What all requests, sockets, rows or messages go through: every second kill is of one of these."""
PAUSES = (0.2, 1.5)
UNWELL = 4
"""So many at a time and no more, however slow the machine: what is never there for long brings no story to its end."""


def living() -> list[str]:
    """All that the Compose file has started anew whenever it ends, an author's own services among it."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return [name for name, one in services.items() if one.get("restart") == "unless-stopped" and "profiles" not in one]


def drawn(chance: random.Random) -> Iterator[str]:
    """A pillar and another in turn, each kind all through in a random order, again and again."""
    others = [name for name in living() if name not in PILLARS]
    for pillar, other in zip(in_rounds(PILLARS, chance), in_rounds(others, chance), strict=False):
        yield pillar
        yield other


def in_rounds(names: Sequence[str], chance: random.Random) -> Iterator[str]:
    """All of them in a random order, then all again in another."""
    while True:
        yield from chance.sample(names, len(names))


class Killer:
    """Kills one container's processes after another, in an order and with pauses that the seed gives."""

    def __init__(self, system: Containers, seed: int):
        self.system = system
        self.killed: list[str] = []
        self.told = [f"E2E_SEED={seed}"]
        self._order, self._pauses = drawn(random.Random(seed)), random.Random(f"pauses of {seed}")
        self._begun = time.monotonic()

    @contextmanager
    def during(self, scene: str) -> Iterator[None]:
        """One dies as the scene begins, so that it finds it dead, and others while it lasts."""
        self._tell(f"{scene}:")
        has_begun, is_over = threading.Event(), threading.Event()
        with ThreadPoolExecutor(1) as pool:
            striking = pool.submit(self._strike_until, is_over, has_begun)
            has_begun.wait()
            try:
                yield
                self._tell("    it has happened")
            finally:
                is_over.set()
        striking.result()

    def _strike_until(self, is_over: threading.Event, has_begun: threading.Event) -> None:
        try:
            self._await_calm(threading.Event())
            dead = self._strike()
            has_begun.set()
            while self._await_notice(dead):
                is_over.wait(self._pauses.uniform(*PAUSES))
                self._await_calm(is_over)
                if is_over.is_set():
                    return
                dead = self._strike()
        finally:
            has_begun.set()

    def _strike(self) -> list[int]:
        """The next container's processes die; the first ones."""
        name = next(self._order)
        dead = eventually(lambda: self.system.pids(name), f"{name} runs")
        strike(dead)
        self.killed.append(name)
        self._tell(f"    killed {name}")
        return dead

    def _await_notice(self, dead: list[int]) -> bool:
        """True once the engine knows that they died; until then it says that they are well."""
        return eventually(lambda: self.system.has_noticed(dead), f"it is noticed that {dead} died")

    def _await_calm(self, is_over: threading.Event) -> None:
        """Returns when few enough are unwell for one more to die, or it is over."""

        def is_calm() -> bool:
            return is_over.is_set() or len(ailing(self.system.containers())) < UNWELL

        eventually(is_calm, f"fewer than {UNWELL} containers are unwell", within=120, every=0.5)

    def _tell(self, what: str) -> None:
        self.told.append(f"{time.monotonic() - self._begun:6.1f} s  {what}")
