"""Rules of the bus and of commands, each left out on purpose, to show that the cells would notice."""

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from shared.bus import tables
from shared.bus.consuming import positions
from shared.bus.decisions import queueing
from shared.bus.feed import FeedClient
from shared.commands.claims import Claim


def move_without_looking() -> None:
    """A position is set whoever has moved it meanwhile."""

    def only_set(session, position, **values):
        at = (tables.positions.c.source == position.source) & (tables.positions.c.partition == position.partition)
        session.execute(sa.update(tables.positions).where(at).values(**values))

    positions._compare_and_set = only_set


def never_read_the_feed() -> None:
    """A consumer learns from the feed where it starts, and takes no event from it."""
    original = FeedClient.ask
    FeedClient.ask = lambda self, *asked, **how: replace(original(self, *asked, **how), entries=[])


def overtake_what_waits() -> None:
    """A later event of a key is handled while an earlier one waits."""
    queueing.must_queue = lambda *_: False


def finish_without_a_fence() -> None:
    """A worker finishes whatever became of its lease."""

    def locked_row(self, session):
        return session.get(self.commands.model, self.id, with_for_update=True)

    Claim._locked_row = locked_row


RULES: dict[str, tuple[Callable[[], None], tuple[str, str]]] = {
    "move without looking": (move_without_looking, ("consumer: read", "process paused")),
    "never read the feed": (never_read_the_feed, ("relay: append", "broker off throughout")),
    "overtake what waits": (overtake_what_waits, ("consumer: commit", "broker flushed")),
    "finish without a fence": (finish_without_a_fence, ("command: work", "process paused")),
}
"""What is left out, and the cell (step, fault) that shows it."""
