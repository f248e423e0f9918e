"""Jobs about places."""

from services.worker import geo
from services.worker.actions import endings
from services.worker.kinds import input_of
from services.worker.reporting import Reporter
from services.worker.settings import WorkerSettings
from shared.commands import Claim


def find_nearest(claim: Claim, settings: WorkerSettings) -> None:
    """The nearest other point of each point."""
    wanted = input_of(claim.row.kind, claim.row.input)
    places = [geo.Place(point.id, point.latitude, point.longitude) for point in wanted.points]
    found = geo.nearest(places, Reporter(claim))
    result = [{"id": one.id, "nearest_id": one.nearest_id, "distance_km": round(one.distance_km, 6)} for one in found]
    with claim.finishing() as session:
        endings.succeed(session, job=claim.row, result=result, message=f"{len(result):,} points compared")
