"""A subscription: one socket's wish to be told of a collection's records that pass a filter."""

from dataclasses import dataclass, field

from services.realtime.live.offsets import Offset
from shared.ids import new_id
from shared.rules.predicate import Asker


@dataclass(eq=False)
class Subscription:
    """`number` is how far it was told of or looked at; only a live one is told of what comes, others catch up first."""

    sid: str
    me: Asker
    collection: str
    filter: str | None = None
    partition: int = 0
    number: int = 0
    is_live: bool = False
    is_ended: bool = False
    told: Offset | None = None
    """The offset that the client knows."""
    id: str = field(default_factory=new_id)
