"""Resume: brings a subscription from its offset to the present, then has it live without gap, double or swap."""

from collections.abc import Callable
from typing import Protocol

from services.realtime.errors import LiveNotReady
from services.realtime.live.changes import Change
from services.realtime.live.fanout import Fanout
from services.realtime.live.memory import Memory
from services.realtime.live.offsets import Offset
from services.realtime.live.subscriptions import Subscription
from services.realtime.live.tracks import Track
from shared import trace
from shared.bus.feed import FeedAnswer, FeedDown
from shared.bus.transport import Entry
from shared.events.data import CollectionChanged
from shared.logs import get

PAGE = 200
STUCK_SECONDS = 0.3
MAX_MISFITS = 50
"""So many answers of another incarnation than the track's are waited for."""

log = get("realtime")


class Ask(Protocol):
    """Asks data's feed for what follows these numbers. Raises FeedDown."""

    def __call__(self, *, incarnation: str | None, numbers: dict[int, int], limit: int) -> FeedAnswer: ...


class WindowPassed(Exception):
    """What follows the offset is gone: the client must fetch anew."""


class AnotherIncarnation(Exception):
    """The feed is of an incarnation that the stream here does not follow yet."""


class CatchingUp:
    """Reads on from memory, else from the source's feed, until nothing is between the subscription and the track.

    `decode` makes a change of an entry, None where it is another event; `pause` lets others run for so long.
    """

    def __init__(
        self,
        track: Track,
        memories: dict[int, Memory],
        fanout: Fanout,
        ask: Ask,
        *,
        decode: Callable[[Entry], Change | None],
        pause: Callable[[Subscription, float], None],
    ):
        self._track, self._memories, self._fanout, self._ask = track, memories, fanout, ask
        self._decode, self._pause = decode, pause

    def is_covered(self, offset: Offset) -> bool:
        """Whether everything after the offset can still be told, asking the feed where memory does not say."""
        is_ours = offset.incarnation == self._track.incarnation
        is_past = is_ours and offset.number <= self._track.number(offset.partition)  # else another instance is ahead
        if is_past and self._from_memory(offset.partition, offset.number) is not None:
            return True
        try:
            question = self._question(offset.partition, offset.number)
            answer = self._ask(incarnation=offset.incarnation, numbers=question, limit=1)
        except FeedDown as down:
            raise LiveNotReady("The events since that offset can't be read right now.") from down
        return answer.is_known and answer.start.get(offset.partition) == offset.number

    def run(self, subscription: Subscription) -> None:
        """Tells the subscription what it missed and makes it live. Raises WindowPassed."""
        misfits = 0
        while not (subscription.is_ended or subscription.is_live):
            try:
                self._step(subscription)
                self._pause(subscription, 0)
            except FeedDown as down:
                log.warning("a subscription waits for the feed", error=str(down))
                self._pause(subscription, STUCK_SECONDS)
            except AnotherIncarnation:
                misfits += 1
                if misfits > MAX_MISFITS:
                    raise WindowPassed from None
                self._pause(subscription, STUCK_SECONDS)

    def _step(self, subscription: Subscription) -> None:
        partition, number = subscription.partition, subscription.number
        changes, reached = self._from_memory(partition, number) or self._from_feed(partition, number)
        if subscription.is_ended or subscription.is_live:
            return  # while the feed was asked
        for change in changes:
            self._tell(subscription, change)
        subscription.number = max(number, reached)
        subscription.is_live = subscription.number >= self._track.number(partition)

    def _tell(self, subscription: Subscription, change: Change) -> None:
        if change.event.collection != subscription.collection:
            return
        if isinstance(change.event, CollectionChanged):
            raise WindowPassed  # rules or fields are others since: the changes alone don't say what is seen now
        with trace.begin(change.traceparent):
            if self._fanout.deliver_to(subscription, change):
                log.info("delivered", subject=change.event.subject, messages=1, is_resumed=True)

    def _from_memory(self, partition: int, number: int) -> tuple[list[Change], int] | None:
        changes = self._memories[partition].after(number, PAGE) if partition in self._memories else None
        if changes is None:
            return None
        is_page_full = len(changes) == PAGE
        return changes, changes[-1].offset.number if is_page_full else self._track.number(partition)

    def _from_feed(self, partition: int, number: int) -> tuple[list[Change], int]:
        question = self._question(partition, number)
        answer = self._ask(incarnation=self._track.incarnation, numbers=question, limit=PAGE)
        if answer.incarnation != self._track.incarnation:
            raise AnotherIncarnation
        if answer.start.get(partition) != number:
            raise WindowPassed
        rows = sorted((e for e in answer.entries if e.partition == partition), key=lambda entry: entry.number)
        changes = [change for entry in rows if (change := self._decode(entry))]
        return changes, rows[-1].number if rows else number

    def _question(self, partition: int, number: int) -> dict[int, int]:
        """The track's own numbers elsewhere, so that the answer holds little but what is wanted."""
        return {**self._track.numbers, partition: number}
