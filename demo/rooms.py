"""A room from the client's side: what was said in it, whichever way one came to read it."""

import secrets
from typing import Any

from demo.live import Ask, Live
from demo.waiting import ensure, eventually


class Room:
    """Joined on a socket; after a cut it reads what was said meanwhile."""

    def __init__(self, live: Live, name: str):
        self.live, self.name = live, name
        self._read: list[dict[str, Any]] = []
        self._is_joined = False
        live.attach(self._join)
        eventually(lambda: self._is_joined, f"the room {name} is joined")

    def _join(self, ask: Ask) -> None:
        known = self.messages
        after = {"after": known[-1]["number"]} if known else {}
        told = ask("join", {"room": self.name} | after)
        ensure(told["is_complete"], "more was said meanwhile than is told at once")
        self._read += told["history"]
        self._is_joined = True

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was said so far, in order: what came by itself, and what was read on joining."""
        came = [one.data for one in self.live.all("message") if one.data["room"] == self.name]
        numbers = {one["number"] for one in came}
        return sorted(
            [*came, *(one for one in self._read if one["number"] not in numbers)], key=lambda one: one["number"]
        )

    def says(self, text: str) -> None:
        """Says something, once however often it must be sent."""
        self.live.ask("send", {"room": self.name, "text": text, "client_id": secrets.token_hex(16)})

    def wait_for(self, count: int) -> None:
        """Returns once so many messages are there."""
        eventually(lambda: len(self.messages) >= count, f"{count} messages are in {self.name}")
