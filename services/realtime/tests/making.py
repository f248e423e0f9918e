"""What the tests make things of: people, entries of the stream, a feed that answers from a list."""

from dataclasses import dataclass, field
from typing import Any

from shared.bus.feed import FeedAnswer, FeedDown
from shared.bus.source.outbox import partition_of
from shared.bus.transport import Entry
from shared.events import Envelope, Event
from shared.events.data import CollectionChanged, RecordChanged
from shared.ids import new_id

PARTITIONS = 8
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
AIRPORTS = partition_of("collections/airports", PARTITIONS)


@dataclass(frozen=True)
class Person:
    """Who asks, as rules see them."""

    id: str = "0190a5a8-0000-7000-8000-00000000000a"
    role: str = "user"


ADA, BEN, ROOT = Person(), Person("0190a5a8-0000-7000-8000-00000000000b"), Person(new_id(), "admin")


def definition(view: str | None = "true", *, name: str = "airports", version: int = 1, **fields: str) -> dict[str, Any]:
    """A collection as data describes it: state and name are texts, elevation an integer, owner a text."""
    types = {"state": "text", "name": "text", "elevation": "integer", "owner": "text", **fields}
    return {
        "name": name,
        "fields": [{"name": field_name, "type": type_} for field_name, type_ in types.items()],
        "rules": {"list": view, "view": view, "create": None, "update": None, "delete": None},
        "rules_version": version,
    }


def record_changed(before: dict | None, after: dict | None, *, collection: str = "airports", version: int = 1):
    """The event of a record that was `before` and is `after`."""
    change = "created" if before is None else "deleted" if after is None else "updated"
    record_id = (after or before or {}).get("id", "0190a5a8-0000-7000-8000-0000000000ff")
    return RecordChanged(
        collection=collection,
        record_id=record_id,
        change=change,
        before=before,
        after=after,
        version=version,
        rules_version=1,
        actor_id=None,
    )


def collection_changed(document: dict | None, *, name: str = "airports", change: str = "updated") -> CollectionChanged:
    """The event of a collection that is as `document` says from now on."""
    return CollectionChanged(
        collection=name, change=change, definition=document, rules_version=document["rules_version"] if document else 0
    )


def entry(event: Event, number: int, *, incarnation: str = "one", partition: int | None = None) -> Entry:
    """The event as it travels under this number."""
    envelope = Envelope(
        id=new_id(),
        source=event.source,
        type=event.type,
        subject=event.subject,
        time="2026-11-23T12:00:00Z",
        dataschema=1,
        traceparent=TRACEPARENT,
        key=event.order_key,
        partition_key=event.partition_key,
        data=event.model_dump(mode="json"),
    )
    place = partition_of(event.partition_key, PARTITIONS) if partition is None else partition
    return Entry(event.source, incarnation, place, number, event.type, envelope.to_json())


@dataclass
class Outbox:
    """A feed that answers from a list as a source's does, from `oldest` on; without an incarnation it is down.

    Numbers of the `earlier` incarnations count on.
    """

    source: str = "data"
    incarnation: str | None = "one"
    oldest: int = 1
    entries: list[Entry] = field(default_factory=list)
    questions: list[dict[int, int]] = field(default_factory=list)
    earlier: set[str] = field(default_factory=set)

    def add(self, event: Event) -> Entry:
        last = self.last()
        new = entry(event, 0, incarnation=self.incarnation or "")
        new = entry(event, last.get(new.partition, 0) + 1, incarnation=self.incarnation or "")
        self.entries.append(new)
        return new

    def last(self) -> dict[int, int]:
        return dict.fromkeys(range(PARTITIONS), 0) | {one.partition: one.number for one in self.entries}

    def ask(
        self,
        source: str = "data",
        *,
        incarnation: str | None,
        numbers: dict[int, int],
        limit: int = 500,
        consumer: str | None = None,
    ) -> FeedAnswer:
        self.questions.append(dict(numbers))
        if self.incarnation is None:
            raise FeedDown(f"{source} is down")
        is_known = incarnation in {None, self.incarnation, *self.earlier}
        asked = numbers if is_known else {}
        last = self.last()
        start = {p: max(min(asked.get(p, 0), n), min(self.oldest - 1, n)) for p, n in last.items()}
        rows = [one for one in self.entries if one.number > start[one.partition]][:limit]
        return FeedAnswer(self.incarnation, start, last, rows, is_known=is_known)


class Mailbox:
    """What was emitted, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, Any]]] = []

    def __call__(self, sid: str, event: str, payload: dict[str, Any]) -> None:
        self.sent.append((sid, event, payload))

    def of(self, sid: str, event: str = "change") -> list[dict[str, Any]]:
        return [payload for to, name, payload in self.sent if (to, name) == (sid, event)]

    def kinds(self, sid: str) -> list[str]:
        return [payload["kind"] for payload in self.of(sid)]
