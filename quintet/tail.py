"""The tail of every service's events, merged by time: each event once, none left out, however long one is silent."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from quintet.doors import Doors

MOST = 200


@dataclass
class Tail:
    """Call `read` again and again; each answer goes on where the one before ended."""

    doors: Doors
    services: list[str]
    type: str | None = None
    silent: set[str] = field(default_factory=set)
    """The services that did not answer the last question; what they have comes when they do."""
    lost: set[str] = field(default_factory=set)
    """The services whose database was put back to one that never knew the tail: what was between is not shown."""
    _cursors: dict[str, str] = field(default_factory=dict)

    def begin(self, back: int) -> list[dict[str, Any]]:
        """The last `back` events of all, and every service's place after them."""
        found = self._ask(back)
        return found[len(found) - min(back, len(found)) :]

    def read(self) -> list[dict[str, Any]]:
        """What came since, by time; a service that was silent until now tells what it still has."""
        return self._ask(MOST)

    def _ask(self, back: int) -> list[dict[str, Any]]:
        answers, silent = self.doors.ask_each(self.services, lambda service: list(self._portions(service, back)))
        self.silent = set(silent)
        found = [event for portions in answers.values() for portion in portions for event in portion]
        return sorted(found, key=lambda event: (event["time"], event["partition"], event["number"]))

    def _portions(self, service: str, back: int) -> Iterator[list[dict[str, Any]]]:
        """A service's events from its cursor on, until there are no more."""
        while True:
            where = {"cursor": self._cursors[service]} if service in self._cursors else {"back": min(back, MOST)}
            wanted = {"type": self.type} if self.type else {}
            answer = self.doors.bus(service, "GET", "events/tail", params=where | wanted)
            self._cursors[service] = answer["cursor"]
            self.lost |= {service} if answer["is_lost"] else set()
            yield answer["items"]
            if not answer["is_more"] or answer["cursor"] == where.get("cursor"):
                return


def line(event: dict[str, Any]) -> str:
    """One event for people: when, who tells, its place, what it is about, its trace and id."""
    place = f"{event['partition']}/{event['number']}"
    when, source = event["time"][11:23], event["source"]
    return f"{when}  {source:<9} {place:<10} {event['type']:<26} {event['subject']}  {event['trace_id']}  {event['id']}"
