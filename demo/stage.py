"""The stage of one play: the system, the people, what they made so far, and what is to be removed at the end."""

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager

from demo.client import Refused
from demo.people import Person, the_admin
from demo.system import System
from demo.watching import Watching

AIRPORTS = "airports"


class Stage:
    """What the steps of a story share; `tell` takes each line that a step has to say.

    Patient people are for a system that is being broken: on a whole one, nothing that fails may be asked again unseen.
    """

    def __init__(self, system: System, tell: Callable[[str], None], *, may_flush: bool, is_patient: bool = False):
        self.system, self.tell, self.may_flush = system, tell, may_flush
        self.run = secrets.token_hex(3)
        self.admin = the_admin(system, is_patient=is_patient)
        self.ada, self.ben, self.cleo = (Person(name, system, is_patient=is_patient) for name in ("Ada", "Ben", "Cleo"))
        self.collection: str | None = None
        self.alaskan: list[dict] = []
        self.watching: Watching | None = None
        self.traces: dict[str, str] = {}

    @property
    def people(self) -> tuple[Person, ...]:
        return self.admin, self.ada, self.ben, self.cleo

    @contextmanager
    def step(self, name: str):
        """All that anybody asks inside belongs to one trace, whose id is given."""
        trace_id = self.traces[name] = secrets.token_hex(16)
        with ExitStack() as stack:
            for person in self.people:
                stack.enter_context(person.api.traced(trace_id))
            yield trace_id

    def create_collection(self, definition: dict) -> None:
        """Under the definition's name or, where that is taken, one of this run's own."""
        try:
            self.admin.api.ask("POST", "/v1/data/collections", json=definition)
        except Refused as refused:
            if refused.code != "collection_exists":
                raise
            definition = definition | {"name": f"{definition['name']}_{self.run}"}
            self.admin.api.ask("POST", "/v1/data/collections", json=definition)
        self.collection = definition["name"]

    def clear(self) -> None:
        """Removes the collection with all that is in it, and lets everybody go."""
        if self.collection:
            self.admin.api.ask("DELETE", f"/v1/data/collections/{self.collection}")
            self.collection = None
        for person in self.people:
            person.leaves()


class Watch:
    """Measures how long something took."""

    def __init__(self) -> None:
        self.began, self._from = time.time(), time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._from
