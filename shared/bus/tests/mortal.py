"""A process that runs relay and consumer and kills itself (SIGKILL) at a named step. Run by test_killed_processes."""

import os
import signal
import sys
import time

from shared.bus.consuming.consumer import Consumer
from shared.bus.consuming.handlers import Handler
from shared.bus.consuming.handling import Handling
from shared.bus.source import numbering
from shared.bus.source.relay import Relay
from shared.bus.tests.conftest import World
from shared.database import Database

STEPS = {
    "numbers given, not sent": (Relay, "_tell", "before", 1),
    "sent, not marked": (numbering, "mark_sent", "before", 1),
    "read, not handled": (Handling, "handle", "before", 1),
    "number moved, no effect yet": (Handler, "run", "before", 2),
    "effect made, not committed": (Handler, "run", "after", 2),
    "committed, place in the stream forgotten": (Consumer, "_ask", "after", 1),
}
"""Where to die: the function, on which side of it, at which of its calls that have work."""


def die_at(step: str) -> None:
    """Has the process kill itself at the step."""
    owner, name, when, left = STEPS[step]
    original = getattr(owner, name)

    def watched(*args, **kwargs):
        nonlocal left
        left -= bool(args[-1])  # an empty batch is no step
        if left == 0 and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, watched)


def main(source_url: str, target_url: str, redis_url: str, step: str) -> None:
    if step:
        die_at(step)
    world = World(Database().connect(source_url), Database().connect(target_url), redis_url)
    world.keep_book()
    relay, consumer = world.relay(seconds=0.5), world.consumer(seconds=0.5)
    until = time.monotonic() + 400
    while time.monotonic() < until:
        if relay.is_leading():
            relay.step()
        consumer.step(wait_seconds=0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
