"""Who takes part in the scenarios, and a small collection for them to work on."""

import secrets
from collections.abc import Callable
from pathlib import Path

from demo.people import Person, the_admin
from demo.steps.airports import definition
from demo.system import System

HERE = Path(__file__).resolve().parents[2] / "demo"
PORTRAIT = HERE / "grace_hopper.jpg"


class Cast:
    """People who are there when they are first asked for, and leave at the end with what was made for them."""

    def __init__(self, system: System):
        self.system, self._people, self._collections = system, {}, []

    def person(self, name: str) -> Person:
        """Somebody with an account, signed in."""
        if name not in self._people:
            self._people[name] = Person(name, self.system).arrives()
        return self._people[name]

    def stranger(self) -> Person:
        """Somebody without an account."""
        return self._people.setdefault("a stranger", Person("Stranger", self.system))

    @property
    def admin(self) -> Person:
        """The system's first admin, signed in."""
        if "Admin" not in self._people:
            self._people["Admin"] = the_admin(self.system)
            self._people["Admin"].signs_in()
        return self._people["Admin"]

    def airports(self, **changed) -> str:
        """A new, empty collection of airports, of which some of the definition may be other; its name."""
        wanted = definition(f"airports_{secrets.token_hex(4)}")
        name = self.admin.api.ask("POST", "/v1/data/collections", json=wanted | changed)["name"]
        self._collections.append(name)
        return name

    def drops(self, name: str) -> None:
        """A collection goes."""
        self.admin.api.ask("DELETE", f"/v1/data/collections/{name}")
        self._collections.remove(name)

    def leave(self) -> None:
        """Everything is as it was."""
        for name in tuple(self._collections):
            self.drops(name)
        for person in self._people.values():
            person.leaves()


def airport(number: int = 0, **changed) -> dict:
    """The values of an airport in Alaska."""
    place = {"state": "AK", "latitude": 60.0 + number / 100, "longitude": -150.0}
    return {"iata": f"T{number}", "name": f"Airport {number}"} | place | changed


def several(make: Callable[[int], dict], count: int) -> list[dict]:
    """What `make` gives for each number below `count`."""
    return [make(number) for number in range(count)]
