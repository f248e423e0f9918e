"""A subscription from the client's side: what it told, in order, and where to resume."""

from demo.client import Refused
from demo.live import Arrival, Ask, Live
from demo.waiting import ensure, eventually


class Watching:
    """A subscription on a socket, from now on or from an offset."""

    def __init__(self, live: Live, collection: str, filter_text: str | None = None, offset: str | None = None):
        self.live, self.collection, self.filter_text = live, collection, filter_text
        self._ids: list[str] = []
        self.began_at = offset
        self.is_recovered: bool | None = None
        live.attach(self._begin)
        eventually(lambda: self._ids, f"{collection} is subscribed to")

    def _begin(self, ask: Ask) -> None:
        """Subscribes, from where it was if it was anywhere."""
        is_new = not self._ids
        wanted = {"collection": self.collection, "filter": self.filter_text, "offset": self.offset}
        answer = _asked(ask, {name: value for name, value in wanted.items() if value is not None})
        if is_new:
            self.began_at, self.is_recovered = answer["offset"], answer["recovered"]
        else:
            ensure(answer["recovered"], f"{self.collection} could not be resumed from {self.offset}")
        self._ids.append(answer["subscription"])

    @property
    def changes(self) -> list[Arrival]:
        """What it told so far."""
        return [one for one in self.live.all("change") if one.data["subscription"] in self._ids]

    @property
    def offset(self) -> str | None:
        """Up to here it has told everything; None before it is subscribed."""
        told = [one.data for one in self.live.all("change", "offset")]
        offsets = [one["offset"] for one in told if one["subscription"] in self._ids]
        return offsets[-1] if offsets else self.began_at

    def wait_for(self, count: int, *, within: float = 60.0) -> list[Arrival]:
        """Its changes, once there are so many."""

        def enough(arrived: list[Arrival]) -> bool:
            return sum(one.data["subscription"] in self._ids for one in arrived) >= count

        self.live.wait_for("change", enough, within=within)
        return self.changes

    def expect(self, wanted: list[tuple[str, str]], *, within: float = 60.0) -> list[Arrival]:
        """Exactly these changes come, in this order: (kind, record's id)."""
        got = self.wait_for(len(wanted), within=within)
        ensure_told(wanted, got)
        return got

    def resumed_on(self, live: Live) -> "Watching":
        """The same subscription on another connection, from where this one was."""
        return Watching(live, self.collection, self.filter_text, self.offset)


def _asked(ask: Ask, wanted: dict[str, str]) -> dict:
    """Subscribes; a collection made a moment ago may not have come to the instance yet."""

    def answer() -> dict | None:
        try:
            return ask("subscribe", wanted)
        except Refused as refused:
            if refused.code != "collection_not_found":
                raise
            return None

    return eventually(answer, f"the collection {wanted['collection']} is known")


def ensure_told(wanted: list[tuple[str, str]], got: list[Arrival]) -> None:
    """Ends the step unless these are the changes, in this order: (kind, record's id)."""
    came = [(one.data["kind"], id_in(one)) for one in got]
    ensure(came == wanted, f"there came {came}, not {wanted}")


def id_in(change: Arrival) -> str:
    """Which record a change is about."""
    return change.data["record"]["id"] if "record" in change.data else change.data["record_id"]
