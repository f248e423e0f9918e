"""Bad CSV files, pictures and jobs: accepted work that ends in a problem, with nothing half-written."""

from pathlib import Path

import pytest

from demo.client import Refused
from demo.waiting import eventually
from tests.e2e.people import PORTRAIT, airport
from tests.e2e.problems import assert_problem


@pytest.mark.parametrize(
    ("rows", "code", "line"),
    [
        (["A1,One,60,-150", "A2,Two"], "csv_row_ragged", 3),
        (["A1,One,60,-150", "A2,Two,61,-150,more"], "csv_row_ragged", 3),
        (["A1,One,60,-150", '"A2,Two,61,-150'], "csv_malformed", 3),
        (["A1,One,60,-150", "", "A2,Two,north,-150"], "import_row_invalid", 4),
        (["A1,One,60,-150", "A2,,61,-150"], "import_row_invalid", 3),
        (["A1,One,60,-150", "A2,Two,61,-150", "A1,Again,62,-150"], "import_value_taken", 4),
    ],
)
def test_a_broken_row_of_an_import_names_its_line_and_nothing_is_written(admin, airports, rows, code, line):
    content = "\n".join(["iata,name,latitude,longitude", *rows])
    ended = imported(admin, airports, content.encode())
    assert (ended["state"], ended["problem"]["code"], ended["problem"].get("line")) == ("failed", code, line)
    assert ended["rows_written"] == 0
    assert admin.counts(airports) == 0
    job = eventually(lambda: ended_job(admin, ended["job_id"]), "its job ends")
    assert (job["state"], job["problem"]["code"]) == ("failed", code)


def test_a_header_that_names_a_column_twice(admin, airports):
    assert imported(admin, airports, b"iata,iata\n1,2\n")["problem"]["code"] == "csv_header_invalid"


def imported(admin, collection: str, content: bytes) -> dict:
    """An import, once it has ended."""
    path = f"/v1/data/collections/{collection}/imports"
    asked = admin.api.ask("POST", path, data=content, headers={"Content-Type": "text/csv"})

    def ended() -> dict | None:
        found = admin.api.ask("GET", f"/v1/data/imports/{asked['id']}")
        return found if found["state"] in ("succeeded", "failed") else None

    return eventually(ended, "the import ends")


def ended_job(person, job_id: str) -> dict | None:
    """A job, once it has ended."""
    job = person.api.ask("GET", f"/v1/jobs/{job_id}")
    return job if job["state"] in ("succeeded", "failed") else None


def test_an_unknown_kind_of_job_and_input_that_does_not_fit(ada):
    assert_problem(ada.api.send("POST", "/v1/jobs", json={"kind": "x", "input": {}}), 422, "unknown_job_kind")
    wanted = {"kind": "geo.nearest", "input": {"points": [{"id": "a", "latitude": 91, "longitude": 0}] * 2}}
    problem = assert_problem(ada.api.send("POST", "/v1/jobs", json=wanted), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "#/input/points/0/latitude"


def test_somebody_else_s_job_is_not_there(ada, ben):
    points = [{"id": str(number), "latitude": number, "longitude": 0} for number in range(2)]
    job = ada.api.ask("POST", "/v1/jobs", json={"kind": "geo.nearest", "input": {"points": points}})
    assert_problem(ben.api.send("GET", f"/v1/jobs/{job['id']}"), 404, "job_not_found")
    assert_problem(ben.api.send("GET", f"/v1/jobs/{job['id']}/log"), 404, "job_not_found")


def test_a_picture_that_is_none_leaves_the_file_and_fails_its_job(ada, airports, tmp_path):
    broken = Path(tmp_path / "broken.jpg")
    broken.write_bytes(PORTRAIT.read_bytes()[:20_000])
    row = ada.creates(airports, **airport())
    shown = ada.uploads(airports, row["id"], "photo", broken, "image/jpeg")["photo"]
    job = eventually(lambda: submitted_for(ada, shown["id"]), "the picture's job ends")
    assert (job["state"], job["problem"]["code"]) == ("failed", "image_unreadable")
    assert ada.api.send("GET", shown["url"]).content == broken.read_bytes()


def submitted_for(person, file_id: str) -> dict | None:
    """The job of a picture, whose id is the picture's, once it has ended."""
    try:
        return ended_job(person, file_id)
    except Refused as refused:
        assert refused.code == "job_not_found"
        return None
