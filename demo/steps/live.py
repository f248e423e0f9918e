"""Steps 3 and 4: live updates, and what a network failure does to them."""

import time

from demo.client import Arrival, Live
from demo.stage import Stage
from demo.waiting import ensure

ALASKA = 'state = "AK"'
NEW_AIRPORTS = [
    {"name": "Aurora Point", "city": "Fairbanks", "state": "AK", "latitude": 64.9, "longitude": -147.6},
    {"name": "Lone Mesa", "city": "Marfa", "state": "TX", "latitude": 30.3, "longitude": -104.0},
    {"name": "Glacier Strip", "city": "Valdez", "state": "AK", "latitude": 61.1, "longitude": -146.3},
    {"name": "Kodiak North", "city": "Kodiak", "state": "AK", "latitude": 57.9, "longitude": -152.5},
]


def ben_watches_alaska(stage: Stage) -> None:
    """Ada adds three Alaskan airports and a Texan one; Ben gets the three, in order, nothing between."""
    stage.ben.arrives()
    stage.ben_s_socket = stage.ben.connects()
    answer = stage.ben_s_socket.ask("subscribe", {"collection": stage.collection, "filter": ALASKA})
    stage.subscription = answer["subscription"]
    written = {}
    for number, airport in enumerate(NEW_AIRPORTS):
        began = time.time()
        made = stage.ada.creates(stage.collection, iata=f"Q{number}{stage.run[:4]}", country="USA", **airport)
        written[made["id"]] = began
        if made["state"] == "AK":
            stage.alaskan.append(made)
    got = take(stage.ben_s_socket, stage.subscription, len(stage.alaskan))
    expect(got, [("created", row["id"]) for row in stage.alaskan])
    ensure(all(row["owner"] == stage.ada.id for row in stage.alaskan), "Ada does not own what she made")
    for one in got:
        took = (one.at - written[one.data["record"]["id"]]) * 1000
        stage.tell(f"Ben sees {one.data['record']['name']!r} {took:.0f} ms after Ada began to write it")


def ben_comes_back_and_has_missed_nothing(stage: Stage) -> None:
    """Ada changes her three rows while he is away; he resumes from his last offset."""
    offset = last_offset(stage.ben_s_socket, stage.subscription)
    stage.ben_s_socket.breaks()
    ensure(not stage.ben_s_socket.is_connected, "the connection is still there")
    for row in stage.alaskan:
        stage.ada.changes(stage.collection, row["id"], city=f"{row['city']}, renewed")
    live = stage.ben.connects()
    wanted = {"collection": stage.collection, "filter": ALASKA, "offset": offset}
    answer = live.ask("subscribe", wanted)
    ensure(answer["recovered"] is True, f"recovered is {answer['recovered']}")
    got = take(live, answer["subscription"], len(stage.alaskan))
    expect(got, [("updated", row["id"]) for row in stage.alaskan])
    ensure(all(one.data["record"]["city"].endswith(", renewed") for one in got), "the changes are not Ada's")
    stage.ben_s_socket, stage.subscription = live, answer["subscription"]
    stage.tell(f"recovered: true from offset {offset}; the three changes came, in order")


def changes_of(live: Live, subscription: str) -> list[Arrival]:
    """What a subscription told so far."""
    return [one for one in live.all("change") if one.data["subscription"] == subscription]


def take(live: Live, subscription: str, count: int, *, within: float = 15.0) -> list[Arrival]:
    """The first changes of a subscription, once there are so many."""

    def enough(arrived: list[Arrival]) -> bool:
        return sum(one.data["subscription"] == subscription for one in arrived) >= count

    live.wait_for("change", enough, within=within)
    return changes_of(live, subscription)


def expect(got: list[Arrival], wanted: list[tuple[str, str]]) -> None:
    """Exactly these changes came, in this order: (kind, record's id)."""
    came = [(one.data["kind"], (one.data.get("record") or {"id": one.data.get("record_id")})["id"]) for one in got]
    ensure(came == wanted, f"there came {came}, not {wanted}")


def last_offset(live: Live, subscription: str) -> str:
    """The offset up to which a subscription has told everything."""
    told = [one for name in ("change", "offset") for one in live.all(name) if one.data["subscription"] == subscription]
    return max(told, key=lambda one: number_of(one.data["offset"])).data["offset"]


def number_of(offset: str) -> int:
    """The event's number within an offset."""
    return int(offset.rsplit(":", 1)[1])
