"""A change of a record or of its collection as it is passed to sockets: decoded once, written as JSON once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import orjson

from services.realtime.live.offsets import Offset
from shared.bus.transport import Entry
from shared.events import Envelope
from shared.events.data import CollectionChanged, RecordChanged

Kind = Literal["created", "updated", "deleted", "gone"]


@dataclass(frozen=True)
class Change:
    """One event with its place in the stream; `size` is that of its envelope in characters."""

    offset: Offset
    event: RecordChanged | CollectionChanged
    traceparent: str
    at: str
    size: int

    @classmethod
    def of(cls, entry: Entry, envelope: Envelope, event: RecordChanged | CollectionChanged) -> "Change":
        offset = Offset(entry.incarnation, entry.partition, entry.number)
        return cls(offset, event, envelope.traceparent, envelope.time, len(entry.envelope))

    @cached_property
    def _record(self) -> orjson.Fragment:
        return orjson.Fragment(orjson.dumps(self.event.after))

    def message(self, kind: Kind) -> dict[str, Any]:
        """What a subscriber is told, all but the name of the subscription."""
        is_seen = kind in ("created", "updated")
        what = {"record": self._record} if is_seen else {"record_id": self.event.record_id}
        return {
            "kind": kind,
            **what,
            "version": self.event.version,
            "offset": str(self.offset),
            "traceparent": self.traceparent,
            "at": self.at,
        }


def kind_for(change: str, *, is_before: bool, is_after: bool) -> Kind | None:
    """What somebody is told who might see the record before and may see it after; None is nothing.

    A record that comes into sight by an update is told as updated, with the whole of it.
    """
    if is_after:
        return "created" if change == "created" else "updated"
    if not is_before:
        return None
    return "deleted" if change == "deleted" else "gone"
