"""Step 2: a collection with rules, and real rows."""

import csv
from pathlib import Path

from demo.client import Refused
from demo.live import Live
from demo.people import Person
from demo.stage import AIRPORTS, Stage, Watch
from demo.waiting import ensure, eventually

FILE = Path(__file__).resolve().parent.parent / "airports.csv"
NOT_FOUND = 404
ENDED = ("succeeded", "failed")
SIGNED_IN, OWNS_IT = "@me.id != null", "owner = @me.id"
RULES = {
    "list": SIGNED_IN,
    "view": SIGNED_IN,
    "create": f"{SIGNED_IN} && {OWNS_IT}",
    "update": f'{OWNS_IT} || @me.role = "admin"',
    "delete": f'{OWNS_IT} || @me.role = "admin"',
}
FIELDS = [
    {"name": "iata", "type": "text", "required": True, "unique": True, "max_length": 12},
    {"name": "name", "type": "text", "required": True, "indexed": True},
    {"name": "city", "type": "text"},
    {"name": "state", "type": "text", "indexed": True},
    {"name": "country", "type": "text"},
    {"name": "latitude", "type": "number", "required": True},
    {"name": "longitude", "type": "number", "required": True},
    {"name": "photo", "type": "file"},
    {"name": "owner", "type": "text", "default": "@me.id"},
]


def definition(name: str = AIRPORTS) -> dict:
    """Anyone signed in may read; who creates a row owns it; the owner or an admin may change it."""
    return {"name": name, "fields": FIELDS, "rules": RULES}


def rows() -> list[dict[str, str]]:
    """The real airports as the file has them."""
    with FILE.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def an_admin_imports_the_airports(stage: Stage) -> None:
    """All rows become records at once; progress comes to the admin's socket."""
    stage.admin.signs_in()
    stage.create_collection(definition())
    live, watch, expected = stage.admin.connects(), Watch(), len(rows())
    job_id = import_file(stage, FILE.read_bytes())["job_id"]
    seen = follow(stage.admin, live, job_id, within=120)
    finished = eventually(lambda: ended_import(stage, job_id), "the import ends")
    ensure(finished["state"] == "succeeded", f"the import ended as {finished['state']}: {finished['problem']}")
    ensure(len(seen) >= 3 or live.returns, f"the socket told of progress only {len(seen)} times")
    stage.tell(f"progress at the socket: {' '.join(f'{share:.0%}' for share in thinned(seen))}")
    ensure(finished["rows_written"] == expected, f"{finished['rows_written']} rows were written, not {expected}")
    count = stage.ada.counts(stage.collection)
    ensure(count == expected, f"Ada sees {count} rows, not {expected}")
    stage.tell(f"{count:,} rows of {FILE.name} in the collection {stage.collection!r} after {watch.seconds:.2f} s")


def import_file(stage: Stage, content: bytes) -> dict:
    """Hands a CSV in; the import as it stands then."""
    path = f"/v1/data/collections/{stage.collection}/imports"
    return stage.admin.api.ask("POST", path, data=content, headers={"Content-Type": "text/csv"})


def ended_import(stage: Stage, import_id: str) -> dict | None:
    """The import once it has ended."""
    found = stage.admin.api.ask("GET", f"/v1/data/imports/{import_id}")
    return found if found["state"] in ENDED else None


def follow(person: Person, live: Live, job_id: str, *, within: float) -> list[float]:
    """The shares done that a socket told of a job, until it ended; who was cut meanwhile looks the end up."""

    def ended() -> list[dict] | None:
        told = [one.data for one in live.all("job") if one.data["job_id"] == job_id]
        if live.returns and not has_ended(told):
            told += looked_up(person, job_id)
        return told if has_ended(told) else None

    told = eventually(ended, f"the job {job_id} ends", within=within, every=0.1)
    ensure(told[-1]["state"] == "succeeded", f"the job ended as {told[-1]['state']}: {told[-1].get('problem')}")
    return [one["progress"] for one in told if one["progress"] is not None]


def has_ended(told: list[dict]) -> bool:
    """Whether the last that was told of a job is its end."""
    return bool(told) and told[-1]["state"] in ENDED


def looked_up(person: Person, job_id: str) -> list[dict]:
    """The job as it stands; none where what makes it has not come to the worker yet."""
    try:
        return [person.api.ask("GET", f"/v1/jobs/{job_id}")]
    except Refused as refused:
        if refused.status != NOT_FOUND:
            raise
        return []


def thinned(shares: list[float], most: int = 8) -> list[float]:
    """At most so many of them, the first and the last included."""
    distinct = list(dict.fromkeys(shares))
    step = max(1, -(-len(distinct) // most))
    return [*distinct[:-1:step], distinct[-1]]
