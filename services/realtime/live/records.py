"""Subscriptions to records: taken up, kept in step with rules and changes, resumed, ended."""

from collections.abc import Callable
from typing import Any

from services.realtime.errors import CollectionRemoved, LiveNotReady
from services.realtime.live.catching_up import CatchingUp, WindowPassed
from services.realtime.live.changes import Change
from services.realtime.live.definitions import Definition, Definitions
from services.realtime.live.fanout import Emit, Fanout
from services.realtime.live.memory import Memory
from services.realtime.live.offsets import Offset
from services.realtime.live.subscriptions import Subscription
from services.realtime.live.tracks import Track
from shared.bus.source.outbox import partition_of
from shared.bus.transport import Entry
from shared.events import Envelope, decode
from shared.events.data import CollectionChanged, RecordChanged
from shared.problems import Problem
from shared.rules.predicate import Asker

NEWS_SECONDS, LOOK_SECONDS = 1.5, 0.05


class Records:
    """The live records of this instance, on the track of data's events."""

    def __init__(
        self,
        track: Track,
        partitions: int,
        emit: Emit,
        *,
        fetch: Callable[[], list[dict[str, Any]]],
        ask: Callable,
        pause: Callable[[Subscription, float], None],
    ):
        self._track, self._partitions, self._emit, self._fetch = track, partitions, emit, fetch
        self._pause = pause
        self.fanout, self.definitions = Fanout(emit), Definitions()
        self._memories: dict[int, Memory] = {}
        self._fetched: list[dict[str, Any]] = []
        self._catching_up = CatchingUp(track, self._memories, self.fanout, ask, decode=change_in, pause=pause)

    def take_up(self, subscription: Subscription, offset: Offset | None) -> bool:
        """Takes up a subscription from now on; from `offset`, and True, where nothing since then is lost.

        Then it is live only after `catch_up`. Raises CollectionNotFound, RuleProblem, LiveLiveNotReady.
        """
        self._awaited_definition(subscription).sight(subscription.filter)
        subscription.partition = self.partition(subscription.collection)
        is_recovered = bool(offset) and self._covers(subscription.partition, offset)
        self.fanout.add(subscription, self._definition(subscription.collection))
        subscription.told = offset if is_recovered else self.offset(subscription.partition)
        subscription.number, subscription.is_live = subscription.told.number, not is_recovered
        return is_recovered

    def catch_up(self, subscription: Subscription) -> None:
        """Tells what was missed, then live; when that has gone meanwhile the client is told to fetch anew."""
        try:
            self._catching_up.run(subscription)
        except WindowPassed:
            self._refresh(subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Ends a subscription from the client's side."""
        subscription.is_ended, subscription.is_live = True, False
        self.fanout.remove(subscription)

    def review(self, subscription: Subscription, me: Asker) -> None:
        """Judges anew what a subscription sees, after its owner's role has changed."""
        self.fanout.remove(subscription)
        subscription.me = me
        self.fanout.add(subscription, self._definition(subscription.collection))

    def partition(self, collection: str) -> int:
        """The partition in which a collection's events travel."""
        return partition_of(f"collections/{collection}", self._partitions)

    def offset(self, partition: int) -> Offset:
        """How far this instance has passed on what happened."""
        return Offset(self._track.incarnation or "", partition, self._track.number(partition))

    def tell_offsets(self) -> None:
        """Sends the offset to every live subscription for which numbers passed without a match."""
        now = {partition: self.offset(partition) for partition in self._memories}
        for subscription in list(self.fanout):
            offset = now.get(subscription.partition)
            is_news = offset and offset != subscription.told and offset.number >= subscription.number
            if subscription.is_live and is_news:
                subscription.told = offset
                self._emit(subscription.sid, "offset", {"subscription": subscription.id, "offset": str(offset)})

    def fetch_definitions(self) -> None:
        """Asks data for its collections. Raises FeedDown while it does not answer."""
        self._fetched = self._fetch()

    def begin(self) -> None:
        """Data's events begin here and now; whoever listened before has missed some and is told to fetch anew."""
        names = self.definitions.replace(self._fetched)
        self._memories.clear()
        self._memories.update({p: Memory(self._track.number(p)) for p in range(self._partitions)})
        for name in names:
            self._redefine(name)
        for subscription in list(self.fanout):
            self._refresh(subscription)

    def change(self, change: Change) -> int:
        """A record changed: remembered, and told to those whom it concerns."""
        self._memories[change.offset.partition].keep(change)
        return self.fanout.deliver(change)

    def redefine(self, change: Change) -> int:
        """A collection changed: who sees what is judged anew; those who see otherwise now are told to fetch anew."""
        event = change.event
        self._memories[change.offset.partition].keep(change)
        before = self.definitions.find(event.collection)
        self.definitions.apply(event)
        after = self.definitions.find(event.collection)
        told = self._redefine(event.collection)
        if before and after and not before.shows_as(after):
            for subscription in self.fanout.of(event.collection):
                if subscription.is_live:
                    self._refresh(subscription)
                    told += 1
        return told

    def _redefine(self, collection: str) -> int:
        definition = self.definitions.find(collection)
        if definition is None:
            ended = [(subscription, CollectionRemoved()) for subscription in self.fanout.of(collection)]
        else:
            ended = self.fanout.redefine(collection, definition)
        for subscription, problem in ended:
            self._end(subscription, problem)
        return len(ended)

    def _end(self, subscription: Subscription, problem: Problem) -> None:
        self.unsubscribe(subscription)
        message = {"subscription": subscription.id, "problem": problem.to_dict()}
        self._emit(subscription.sid, "ended", message)

    def _refresh(self, subscription: Subscription) -> None:
        """What the client has can't be brought up to date by changes alone."""
        offset = self.offset(subscription.partition)
        subscription.number, subscription.told, subscription.is_live = offset.number, offset, True
        self._emit(subscription.sid, "refresh", {"subscription": subscription.id, "offset": str(offset)})

    def _covers(self, partition: int, offset: Offset) -> bool:
        return offset.partition == partition and self._catching_up.is_covered(offset)

    def _awaited_definition(self, subscription: Subscription) -> Definition:
        """One that has just been made may be known to its maker before its event is here: that is waited for."""
        for _ in range(int(NEWS_SECONDS / LOOK_SECONDS)):
            if not self._track.is_begun or self.definitions.find(subscription.collection):
                break
            self._pause(subscription, LOOK_SECONDS)
        return self._definition(subscription.collection)

    def _definition(self, collection: str) -> Definition:
        if not self._track.is_begun:
            raise LiveNotReady()
        return self.definitions.of(collection)


def change_in(entry: Entry) -> Change | None:
    """The change of a record or collection that an entry tells of; None when it is another event."""
    if entry.type not in (RecordChanged.type, CollectionChanged.type):
        return None
    envelope = Envelope.from_json(entry.envelope)
    return Change.of(entry, envelope, decode(envelope))
