"""Step 6: a long computation."""

import math

from demo.stage import Stage, Watch
from demo.steps.airports import follow, thinned
from demo.waiting import ensure

RADIUS_KM = 6371.0088
A_METRE = 0.001


def ada_computes_the_nearest_airports(stage: Stage) -> None:
    """Progress comes to her socket, three results are checked, and a mail says that it has finished."""
    points, live, watch = imported_points(stage), stage.ada.connects(), Watch()
    wanted = {"kind": "geo.nearest", "input": {"points": points}, "notify": True}
    job = stage.ada.api.ask("POST", "/v1/jobs", json=wanted)
    shares = follow(stage.ada, live, job["id"], within=120)
    ensure(any(0 < share < 1 for share in shares) or live.returns, f"no progress came to the socket: {shares}")
    stage.tell(f"progress at Ada's socket: {' '.join(f'{share:.0%}' for share in thinned(shares))}")
    done = stage.ada.api.ask("GET", f"/v1/jobs/{job['id']}")
    ensure(len(done["result"]) == len(points), f"{len(done['result'])} results for {len(points)} airports")
    stage.tell(f"{len(points):,} airports compared after {watch.seconds:.2f} s")
    by_id = {point["id"]: point for point in points}
    for one in (done["result"][index] for index in (0, len(points) // 2, -1)):
        check(stage, one, by_id)
    mail = stage.ada.mails.wait_for(stage.ada.email, job["id"])
    stage.tell(f"a mail says so: {mail['subject']!r}")


def imported_points(stage: Stage) -> list[dict]:
    """The imported airports as the API gives them, page by page."""
    query = {"filter": f'owner = "{stage.admin.id}"', "sort": "iata", "limit": 500}
    found = stage.ada.api.pages(f"/v1/data/collections/{stage.collection}/records", **query)
    return [{"id": row["iata"], "latitude": row["latitude"], "longitude": row["longitude"]} for row in found]


def check(stage: Stage, result: dict, by_id: dict[str, dict]) -> None:
    """Compares one result with a plain computation over all airports."""
    here = by_id[result["id"]]
    distance, nearest = min((distance_km(here, other), other["id"]) for other in by_id.values() if other is not here)
    told = result["distance_km"]
    ensure(abs(told - distance) < A_METRE, f"{here['id']}: {told} km to {result['nearest_id']}, not {distance}")
    stage.tell(f"nearest to {here['id']} is {nearest}, {distance:.3f} km: the same by a plain computation")


def distance_km(one: dict, other: dict) -> float:
    """The haversine distance of two points."""
    lat1, lon1, lat2, lon2 = map(
        math.radians, (one["latitude"], one["longitude"], other["latitude"], other["longitude"])
    )
    chord = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * RADIUS_KM * math.asin(math.sqrt(chord))
