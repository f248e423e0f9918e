"""Jobs and schedules over HTTP: who may submit what, who sees what."""

import pytest

from services.worker import extensions
from services.worker.app import create_app
from services.worker.errors import JobNotFound, UnknownJobKind
from services.worker.settings import WorkerSettings
from shared.events.worker import JobChanged
from shared.identity.problems import AdminsOnly, TokenMissing
from shared.ids import new_id
from shared.problems import Invalid, NotFound
from shared.testing.identity import assert_problem, bearer, service_bearer, settings_for, trust_test_keys
from shared.web import InvalidCursor

POINTS = [{"id": "a", "latitude": 1, "longitude": 2.5}, {"id": "b", "latitude": -1, "longitude": 2.5}]
NEAREST = {"kind": "geo.nearest", "input": {"points": POINTS}}


@pytest.fixture
def client(database, database_url, tmp_path):
    app = create_app(settings_for(WorkerSettings, database_url, files_dir=tmp_path))
    trust_test_keys(app)
    return app.test_client()


@pytest.fixture
def me(ada) -> dict:
    """The headers of Ada's requests."""
    return bearer(ada)


def test_a_job_is_accepted_and_has_a_place_of_its_own(client, me, ada, announced):
    answer = client.post("/v1/jobs", json=NEAREST | {"notify": True}, headers=me)
    assert answer.status_code == 202
    job = answer.get_json()
    assert (job["state"], job["progress"], job["notify"], job["owner_id"]) == ("queued", 0, True, ada)
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert client.get(answer.headers["Location"], headers=me).get_json() == job
    assert [change.job_id for change in announced(JobChanged)] == [job["id"]]


def test_a_finished_job_shows_its_result_and_its_log(client, me, run):
    job_id = client.post("/v1/jobs", json=NEAREST, headers=me).get_json()["id"]
    run(job_id)
    job = client.get(f"/v1/jobs/{job_id}", headers=me).get_json()
    assert (job["state"], job["progress"], job["attempts"], job["problem"]) == ("succeeded", 1, 1, None)
    assert [one["nearest_id"] for one in job["result"]] == ["b", "a"]
    assert job["finished_at"].endswith("Z")
    lines = client.get(f"/v1/jobs/{job_id}/log", headers=me).get_json()["items"]
    assert [(line["number"], line["text"]) for line in lines] == [
        (1, "Queued."),
        (2, "Attempt 1 started."),
        (3, "Succeeded."),
    ]


def test_the_same_key_submits_one_job(client, me):
    headers = me | {"Idempotency-Key": "once"}
    first, second = (client.post("/v1/jobs", json=NEAREST, headers=headers).get_json() for _ in range(2))
    assert first["id"] == second["id"]
    assert len(client.get("/v1/jobs", headers=me).get_json()["items"]) == 1


@pytest.mark.parametrize("kind", ["geo.farthest", "image.variants", "records.import", "housekeeping"])
def test_a_kind_that_is_unknown_or_not_for_clients_is_refused(client, me, kind):
    assert_problem(client.post("/v1/jobs", json={"kind": kind, "input": {}}, headers=me), UnknownJobKind)


@pytest.mark.parametrize(
    ("points", "pointer"),
    [
        ([], "#/input/points"),
        (POINTS[:1], "#/input/points"),
        ([POINTS[0], POINTS[0]], "#/input/points"),
        ([POINTS[0], POINTS[1] | {"latitude": 91}], "#/input/points/1/latitude"),
        ([POINTS[0], POINTS[1] | {"latitude": "1"}], "#/input/points/1/latitude"),
        ([POINTS[0], POINTS[1] | {"height": 3}], "#/input/points/1/height"),
    ],
)
def test_input_that_does_not_fit_names_the_place(client, me, points, pointer):
    answer = client.post("/v1/jobs", json={"kind": "geo.nearest", "input": {"points": points}}, headers=me)
    assert [error["pointer"] for error in assert_problem(answer, Invalid)["errors"]] == [pointer]


def test_somebody_else_s_job_is_not_there_but_an_admin_sees_it(client, me):
    job_id = client.post("/v1/jobs", json=NEAREST, headers=me).get_json()["id"]
    for path in (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/log"):
        assert_problem(client.get(path, headers=bearer(new_id())), JobNotFound)
        assert client.get(path, headers=bearer(new_id(), "admin")).status_code == 200
    assert_problem(client.get(f"/v1/jobs/{new_id()}", headers=me), JobNotFound)
    assert_problem(client.get("/v1/jobs/first", headers=me), NotFound)


def test_a_list_shows_one_s_own_jobs_newest_first_page_by_page(client, me):
    made = [client.post("/v1/jobs", json=NEAREST, headers=me).get_json()["id"] for _ in range(5)]
    client.post("/v1/jobs", json=NEAREST, headers=bearer(new_id()))
    seen, path = [], "/v1/jobs?limit=2"
    while path:
        page = client.get(path, headers=me).get_json()
        seen += [job["id"] for job in page["items"]]
        path = page["next"] and f"/v1/jobs?limit=2&cursor={page['next']}"
    assert seen == made[::-1]
    everybody_s = client.get("/v1/jobs", headers=bearer(new_id(), "admin")).get_json()["items"]
    assert len(everybody_s) == 6
    assert "result" not in everybody_s[0]


@pytest.mark.parametrize("cursor", ["x", "W10", "WzFd", "WyJ4Il0"])
def test_a_cursor_that_was_never_given_is_refused(client, me, cursor):
    assert_problem(client.get(f"/v1/jobs?cursor={cursor}", headers=me), InvalidCursor)


def test_a_job_that_awaits_another_service_has_not_finished(client, me, submit):
    job_id = submit("records.import", {"collection": "airports", "storage_key": "x"})
    with extensions.queue.claim(job_id).finishing("awaiting"):
        pass
    job = client.get(f"/v1/jobs/{job_id}", headers=me).get_json()
    assert (job["state"], job["finished_at"]) == ("awaiting", None)


def test_schedules_are_for_admins(client, me):
    assert_problem(client.get("/v1/schedules"), TokenMissing)
    assert_problem(client.get("/v1/schedules", headers=me), AdminsOnly)
    [housekeeping] = client.get("/v1/schedules", headers=bearer(new_id(), "admin")).get_json()["items"]
    assert (housekeeping["name"], housekeeping["cron"], housekeeping["is_enabled"]) == (
        "housekeeping",
        "17 3 * * *",
        True,
    )


def test_a_job_tells_of_itself_in_its_trace(client, me, run):
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    headers = me | {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    run(client.post("/v1/jobs", json=NEAREST, headers=headers).get_json()["id"])
    told = client.get(f"/internal/trace/{trace_id}", headers=service_bearer("operator", "worker")).get_json()["entries"]
    words = [entry["what"] for entry in told]
    assert words.count("event announced") >= 5  # on a slow machine it has time to tell more of its progress
    assert [word for word in words if word.startswith("command")] == [
        "command worker.perform queued",
        "command worker.perform started",
        "command worker.perform succeeded",
    ]
