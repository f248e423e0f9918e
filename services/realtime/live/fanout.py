"""Who is told of a change: subscriptions of one collection, filter and sight are decided once for all of them."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from services.realtime.live.changes import Change, Kind, kind_for
from services.realtime.live.definitions import Definition, Sight
from services.realtime.live.subscriptions import Subscription
from shared.logs import get
from shared.rules import RuleProblem

log = get("realtime")


class Emit(Protocol):
    """Sends one event to one socket; never waits."""

    def __call__(self, sid: str, event: str, payload: dict[str, Any]) -> None: ...


class Group:
    """Subscriptions that see exactly the same records; `me` counts only where what is seen depends on it."""

    def __init__(self, sight: Sight, me: Any):
        self.sight, self.me = sight, me
        self.members: dict[str, Subscription] = {}

    def kind(self, change: Change) -> Kind | None:
        """What its members are told of the change."""
        event = change.event
        return kind_for(event.change, is_before=self._sees(event.before), is_after=self._sees(event.after))

    def _sees(self, record: dict[str, Any] | None) -> bool:
        if record is None:
            return False
        try:
            return self.sight.sees(record, self.me)
        except Exception:  # a record of before its field changed its type, say: what can't be judged isn't shown
            log.exception("a record could not be judged, it is not shown")
            return False


class Fanout:
    """The subscriptions of this instance, indexed by collection, then by what they see."""

    def __init__(self, emit: Emit):
        self._emit = emit
        self._groups: dict[str, dict[tuple, Group]] = {}
        self._group_of: dict[str, Group] = {}

    def __len__(self) -> int:
        return len(self._group_of)

    def __iter__(self) -> Iterator[Subscription]:
        for group in self._all_groups():
            yield from group.members.values()

    def of(self, collection: str) -> list[Subscription]:
        """The subscriptions to a collection."""
        return [sub for group in self._groups.get(collection, {}).values() for sub in group.members.values()]

    def add(self, subscription: Subscription, definition: Definition) -> None:
        """Takes a subscription up; RuleProblem where its filter does not fit the collection."""
        sight = definition.sight(subscription.filter)
        me = (subscription.me.id, subscription.me.role) if sight.asks_me else None
        groups = self._groups.setdefault(subscription.collection, {})
        group = groups.setdefault((subscription.filter, me), Group(sight, subscription.me))
        group.members[subscription.id] = subscription
        self._group_of[subscription.id] = group

    def remove(self, subscription: Subscription) -> None:
        """Forgets a subscription."""
        group = self._group_of.pop(subscription.id, None)
        if group is None:
            return
        del group.members[subscription.id]
        if not group.members:
            groups = self._groups[subscription.collection]
            for key in [key for key, one in groups.items() if one is group]:
                del groups[key]
            if not groups:
                del self._groups[subscription.collection]

    def redefine(self, collection: str, definition: Definition) -> list[tuple[Subscription, RuleProblem]]:
        """Judges by the new definition from now on; the subscriptions whose filter no longer fits, and why."""
        members, misfits = self.of(collection), []
        for subscription in members:
            self.remove(subscription)
        for subscription in members:
            try:
                self.add(subscription, definition)
            except RuleProblem as problem:
                misfits.append((subscription, problem))
        return misfits

    def deliver(self, change: Change) -> int:
        """Tells every live subscription that the change concerns; how many those were."""
        told = 0
        for group in list(self._groups.get(change.event.collection, {}).values()):
            if kind := group.kind(change):
                told += self._tell(group.members.values(), change, kind)
        return told

    def deliver_to(self, subscription: Subscription, change: Change) -> int:
        """Tells one subscription that catches up, where the change concerns it."""
        group = self._group_of.get(subscription.id)
        kind = group.kind(change) if group else None
        if kind:
            self._send(subscription, change, change.message(kind))
        return int(kind is not None)

    def _tell(self, members: Iterable[Subscription], change: Change, kind: Kind) -> int:
        message, told = change.message(kind), 0
        for subscription in list(members):
            if subscription.is_live and change.offset.number > subscription.number:
                self._send(subscription, change, message)
                told += 1
        return told

    def _send(self, subscription: Subscription, change: Change, message: dict[str, Any]) -> None:
        subscription.told = change.offset
        self._emit(subscription.sid, "change", {"subscription": subscription.id, **message})

    def _all_groups(self) -> list[Group]:
        return [group for groups in self._groups.values() for group in groups.values()]
