"""A client that does one thing after another at a steady rate, on a thread of its own."""

import threading
import time

from chaos.clients.calling import Caller


class Clocked(threading.Thread):
    """Calls `act` every `every` seconds until the caller's `stopping`; a call that lasted longer delays the next."""

    def __init__(self, caller: Caller, every: float):
        super().__init__(name=caller.name, daemon=True)
        self.caller, self.every = caller, every
        self.error: Exception | None = None

    def run(self) -> None:
        due = time.monotonic() + self.caller.chance.uniform(0, self.every)
        while not self.caller.stopping.wait(max(0.0, due - time.monotonic())):
            due = max(due + self.every, time.monotonic())
            try:
                self.act()
            except Exception as error:  # a mistake of the run itself: it must not pass for a quiet client
                self.error = error
                return

    def act(self) -> None:
        """One thing that this client does."""
        raise NotImplementedError
