"""A rolling restart: of each service one container more, and when that is well one of the old ones less, in turn."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

from quintet.failing import Failed

ROLES = ("-tasks", "-bus", "")
"""Of one service in this order: an old worker could not perform a new kind of command."""
ALONE = {
    "gateway": "it alone can hold its published port; `docker-compose up -d gateway` replaces it in a moment",
    "postgres": "it alone can hold its volume",
    "redis": "it alone can hold its volume",
}
LOOK_SECONDS = 0.5


class Project(Protocol):
    """What of a Compose project a roll needs."""

    def services(self) -> list[str]: ...
    def containers(self, service: str) -> dict[str, bool]: ...
    def scale(self, service: str, count: int) -> None: ...
    def run_once(self, service: str) -> None: ...
    def is_well(self, container: str) -> bool: ...
    def end(self, container: str) -> None: ...
    def last_words(self, container: str) -> str: ...


@dataclass
class Roll:
    """One run of `quintet roll`; `say(what, seconds)` is told of each step that is done, `is_over` asked between them.

    Told that it is over, it leaves as many containers as there were: it takes a new one away that is not well yet, and
    has an old one end whose successor is.
    """

    project: Project
    within: float
    say: Callable[[str, float | None], None]
    is_over: Callable[[], bool] = bool

    def run(self, names: list[str]) -> None:
        """Replaces every container of those services, or of `all`; the schemas first."""
        services = self.project.services()
        chosen = [*rollable(services)] if names == ["all"] else names
        for name in chosen:
            refuse_what_stands_alone(name, services)
        if not any(running(self.project.containers(name)) for name in chosen):
            raise Failed("Nothing of it runs here; `docker-compose up -d` starts it.")
        for migration in dict.fromkeys(migration_of(name, services) for name in chosen):
            if migration:
                self._go_on()
                self._take(f"{migration} done", lambda one=migration: self.project.run_once(one))
        for name in chosen:
            self._replace_all(name)

    def _replace_all(self, name: str) -> None:
        found = self.project.containers(name)
        old = running(found)
        if not old:
            self.say(f"{name} does not run", None)
            return
        for container in set(found) - set(old):  # or Compose would start it, not a new one
            self.project.end(container)
        for number, container in enumerate(old, 1):
            self._go_on()
            self._take(f"{name} {number} of {len(old)}: a new one is well", lambda: self._add_one(name, len(old) + 1))
            self._take(f"{name} {number} of {len(old)}: the old one ended", lambda one=container: self.project.end(one))

    def _add_one(self, name: str, count: int) -> None:
        known = self.project.containers(name)
        try:
            self.project.scale(name, count)
            for one in self._added(name, known):
                self._await(name, one)
        except Exception:  # also where the operator interrupts: what was begun is undone
            for one in self._added(name, known):
                self.project.end(one)
            raise

    def _added(self, name: str, known: Collection[str]) -> list[str]:
        return [one for one in self.project.containers(name) if one not in known]

    def _await(self, name: str, container: str) -> None:
        until = time.monotonic() + self.within
        while not self.project.is_well(container):
            self._go_on()
            if time.monotonic() > until:
                said = self.project.last_words(container)
                raise Failed(f"{name}: a new container was not well within {self.within:g} s; the old go on.\n{said}")
            time.sleep(LOOK_SECONDS)

    def _go_on(self) -> None:
        if self.is_over():
            raise Failed("Interrupted. As many run as before; the same command rolls them all again.")

    def _take(self, what: str, step: Callable[[], None]) -> None:
        began = time.monotonic()
        step()
        self.say(what, time.monotonic() - began)


def running(found: dict[str, bool]) -> list[str]:
    """Those of a service's containers that run, the eldest first."""
    return [container for container, is_running in found.items() if is_running]


def rollable(services: list[str]) -> Iterator[str]:
    """Every role of every service, and beat; not what stands alone, nor what runs once."""
    for migration in (one for one in services if one.endswith("-migrate")):
        service = migration.removesuffix("-migrate")
        yield from (f"{service}{role}" for role in ROLES if f"{service}{role}" in services)
    yield from (one for one in services if one == "beat")


def refuse_what_stands_alone(name: str, services: list[str]) -> None:
    """Failed for what can't have a second one beside it."""
    if name in ALONE:
        raise Failed(f"{name} is not rolled: {ALONE[name]}.")
    if name not in (known := [*rollable(services)]):
        raise Failed(f"There is no {name} to roll; there are: {', '.join(known)}.")


def migration_of(name: str, services: list[str]) -> str | None:
    """Which one-shot brings the schema of a service's role up to date."""
    for role in ROLES:
        if name.endswith(role) and (found := f"{name.removesuffix(role)}-migrate") in services:
            return found
    return None
