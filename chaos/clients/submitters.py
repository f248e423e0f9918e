"""Submitters: jobs, half of them with a mail at their end; now and then one of a kind that there is not."""

from chaos.book import JOB
from chaos.clients.clocked import Clocked

PATH = "/v1/jobs"
KIND = "geo.nearest"
POINTS = 12


class Submitter(Clocked):
    """The points of a job carry the call's id, by which a job whose answer was lost is known again."""

    def act(self) -> None:
        chance = self.caller.chance
        is_wrong, notify = chance.random() < 0.1, chance.random() < 0.5
        places = [(chance.uniform(-60, 60), chance.uniform(-170, 170)) for _ in range(POINTS)]

        def body(call_id: str) -> dict:
            points = [
                {"id": f"{call_id}#{number}", "latitude": latitude, "longitude": longitude}
                for number, (latitude, longitude) in enumerate(places)
            ]
            return {"kind": "no.such" if is_wrong else KIND, "input": {"points": points}, "notify": notify}

        self.caller.call(JOB, "POST", PATH, {"notify": notify, "is_wrong": is_wrong}, body=body)


def mark_of(result: object) -> str | None:
    """The call whose job this result is of."""
    if not isinstance(result, list) or not result:
        return None
    return str(result[0]["id"]).rpartition("#")[0]
