"""Steps 3 and 4: live updates, and what a network failure does to them."""

import time

from demo.live import Arrival
from demo.stage import Stage
from demo.waiting import ensure, eventually
from demo.watching import ensure_told

ALASKA = 'state = "AK"'
NEW_AIRPORTS = [
    {"name": "Aurora Point", "city": "Fairbanks", "state": "AK", "latitude": 64.9, "longitude": -147.6},
    {"name": "Lone Mesa", "city": "Marfa", "state": "TX", "latitude": 30.3, "longitude": -104.0},
    {"name": "Glacier Strip", "city": "Valdez", "state": "AK", "latitude": 61.1, "longitude": -146.3},
    {"name": "Kodiak North", "city": "Kodiak", "state": "AK", "latitude": 57.9, "longitude": -152.5},
]


def ben_watches_alaska(stage: Stage) -> None:
    """Ada adds three Alaskan airports and a Texan one; Ben gets the three, in order, nothing between."""
    stage.watching = stage.ben.arrives().watches(stage.collection, ALASKA)
    began_at = {}
    for number, airport in enumerate(NEW_AIRPORTS):
        began = time.time()
        made = stage.ada.creates(stage.collection, iata=f"Q{number}{stage.run}", country="USA", **airport)
        began_at[made["id"]] = began
        if made["state"] == "AK":
            stage.alaskan.append(made)
    ensure(all(row["owner"] == stage.ada.id for row in stage.alaskan), "Ada does not own what she made")
    got = eventually(lambda: enough_of_ada_s(stage), f"{len(stage.alaskan)} changes of Ada's come")
    ensure_told([("created", row["id"]) for row in stage.alaskan], got)
    for one in got:
        took = (one.at - began_at[one.data["record"]["id"]]) * 1000
        stage.tell(f"Ben sees {one.data['record']['name']!r} {took:.0f} ms after Ada began to write it")


def enough_of_ada_s(stage: Stage) -> list[Arrival] | None:
    """What Ben was told of Ada's records, once it is as much as he is to see; he may have begun amid the import's."""
    hers = [one for one in stage.watching.changes if one.data["record"]["owner"] == stage.ada.id]
    return hers if len(hers) >= len(stage.alaskan) else None


def ben_comes_back_and_has_missed_nothing(stage: Stage) -> None:
    """Ada changes her three rows while he is away; he resumes from his last offset."""
    before = stage.watching
    before.live.breaks()
    ensure(not before.live.is_connected, "the connection is still there")
    for row in stage.alaskan:
        stage.ada.changes(stage.collection, row["id"], city=f"{row['city']}, renewed")
    stage.watching = before.resumed_on(stage.ben.connects())
    ensure(stage.watching.is_recovered is True, f"recovered is {stage.watching.is_recovered}")
    got = stage.watching.expect([("updated", row["id"]) for row in stage.alaskan])
    ensure(all(one.data["record"]["city"].endswith(", renewed") for one in got), "the changes are not Ada's")
    stage.tell(f"recovered: true from offset {before.offset}; the three changes came, in order")
