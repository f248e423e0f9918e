"""A subscription from the client's side: what it told, in order, and where to resume."""

from demo.client import Refused
from demo.live import Arrival, Live
from demo.waiting import ensure, eventually


class Watching:
    """A subscription on a socket, from now on or from an offset."""

    def __init__(self, live: Live, collection: str, filter_text: str | None = None, offset: str | None = None):
        self.live, self.collection, self.filter_text = live, collection, filter_text
        wanted = {"collection": collection, "filter": filter_text, "offset": offset}
        answer = _asked(live, {name: value for name, value in wanted.items() if value is not None})
        self.id, self.began_at, self.is_recovered = answer["subscription"], answer["offset"], answer["recovered"]

    @property
    def changes(self) -> list[Arrival]:
        """What it told so far."""
        return [one for one in self.live.all("change") if one.data["subscription"] == self.id]

    @property
    def offset(self) -> str:
        """Up to here it has told everything."""
        told = [one.data for name in ("change", "offset") for one in self.live.all(name)]
        offsets = [one["offset"] for one in told if one["subscription"] == self.id]
        return max([self.began_at, *offsets], key=number_of)

    def wait_for(self, count: int, *, within: float = 15.0) -> list[Arrival]:
        """Its changes, once there are so many."""

        def enough(arrived: list[Arrival]) -> bool:
            return sum(one.data["subscription"] == self.id for one in arrived) >= count

        self.live.wait_for("change", enough, within=within)
        return self.changes

    def expect(self, wanted: list[tuple[str, str]], *, within: float = 15.0) -> list[Arrival]:
        """Exactly these changes come, in this order: (kind, record's id)."""
        got = self.wait_for(len(wanted), within=within)
        came = [(one.data["kind"], id_in(one)) for one in got]
        ensure(came == wanted, f"there came {came}, not {wanted}")
        return got

    def resumed_on(self, live: Live) -> "Watching":
        """The same subscription on another connection, from where this one was."""
        return Watching(live, self.collection, self.filter_text, self.offset)


def _asked(live: Live, wanted: dict[str, str]) -> dict:
    """Subscribes; a collection made a moment ago may not have come to the instance yet."""

    def answer() -> dict | None:
        try:
            return live.ask("subscribe", wanted)
        except Refused as refused:
            if refused.code != "collection_not_found":
                raise
            return None

    return eventually(answer, f"the collection {wanted['collection']} is known", within=20)


def id_in(change: Arrival) -> str:
    """Which record a change is about."""
    return change.data["record"]["id"] if "record" in change.data else change.data["record_id"]


def number_of(offset: str) -> int:
    """The event's number within an offset."""
    return int(offset.rsplit(":", 1)[1])
