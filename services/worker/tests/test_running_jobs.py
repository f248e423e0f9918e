"""Jobs as they are done: what they give, what they tell, how they fail."""

from functools import partial
from pathlib import Path

import pytest

from services.worker import extensions, geo, reporting
from services.worker.actions import endings, jobs, progress
from services.worker.models import Job
from services.worker.reporting import Throttle
from services.worker.tests import pictures
from shared.commands import LeaseLost
from shared.events.worker import JobChanged, JobFinished, VariantsMade

POINTS = {"points": [{"id": str(n), "latitude": n / 10, "longitude": 0.0} for n in range(50)]}
PORTRAIT = Path(__file__).parents[3] / "demo/grace_hopper.jpg"


@pytest.fixture(autouse=True)
def watched_once_an_hour(monkeypatch) -> None:
    """However slow the machine is, of each attempt's progress the first report is told and no other."""
    monkeypatch.setattr(reporting, "Throttle", partial(Throttle, 3600))


def lines_of(database, job_id: str) -> list[str]:
    with database.reading() as session:
        return [line.text for line in jobs.log_of(session, job=session.get(Job, job_id))]


def test_a_job_gives_its_result_and_tells_every_step(submit, run, announced, database, ada):
    job = run(submit("geo.nearest", POINTS, is_notify_wanted=True))
    assert (job.state, job.progress, job.message) == ("succeeded", 1.0, "50 points compared")
    assert job.result[0] == {"id": "0", "nearest_id": "1", "distance_km": pytest.approx(11.11951, abs=1e-4)}
    changes = announced(JobChanged)
    assert [change.state for change in changes] == ["queued", "running", "running", "succeeded"]
    assert [change.progress for change in changes] == sorted(change.progress for change in changes)
    assert {change.owner_id for change in changes} == {ada}
    assert announced(JobFinished) == [
        JobFinished(job_id=job.id, owner_id=ada, kind=job.kind, state="succeeded", problem=None, notify=True)
    ]
    assert lines_of(database, job.id) == ["Queued.", "Attempt 1 started.", "Succeeded."]


def test_a_job_that_breaks_is_tried_again_from_the_beginning(submit, run, announced, monkeypatch):
    job_id = submit("geo.nearest", POINTS)
    with monkeypatch.context() as patch:
        patch.setattr(geo, "nearest", lambda places, report: report(0.5) or 1 / 0)
        job = run(job_id)
        assert (job.state, job.attempts, job.progress) == ("queued", 1, 0.5)
    make_due(job_id)
    job = run(job_id)
    assert (job.state, job.attempts, job.progress) == ("succeeded", 2, 1.0)
    told = [change.progress for change in announced(JobChanged)]
    assert told == [0, 0, 0.5, 0, 0.02, 1]


def make_due(job_id: str) -> None:
    with extensions.database.transaction() as session:
        job = session.get(Job, job_id)
        job.run_at = job.created_at


def test_a_job_that_breaks_every_time_fails_with_a_problem_that_tells_nothing(submit, run, announced, monkeypatch):
    monkeypatch.setattr(geo, "nearest", lambda places, report: 1 / 0)
    job_id = submit("geo.nearest", POINTS)
    for _ in range(extensions.queue.max_attempts):
        make_due(job_id)
        job = run(job_id)
    assert (job.state, job.problem["code"]) == ("failed", "job_failed")
    assert "division" not in str(job.problem)
    assert [(end.state, end.problem["code"]) for end in announced(JobFinished)] == [("failed", "job_failed")]


def test_a_result_that_is_too_large_fails_the_job(submit, run, monkeypatch):
    monkeypatch.setattr(endings, "MAX_RESULT_BYTES", 100)
    job = run(submit("geo.nearest", POINTS))
    assert (job.state, job.problem["code"], job.result) == ("failed", "result_too_large", None)


def test_who_lost_the_job_to_another_attempt_reports_nothing(submit, database, announced):
    claim = extensions.queue.claim(submit("geo.nearest", POINTS))
    with database.transaction() as session:
        session.get(Job, claim.id).fence += 1
    before = len(announced())
    with pytest.raises(LeaseLost), claim.holding() as session:
        progress.change(session, job=claim.row, progress=0.5)
    assert len(announced()) == before


def test_a_log_is_cut_short_and_says_so(submit, database):
    job_id = submit("geo.nearest", POINTS)
    with database.transaction() as session:
        job = session.get(Job, job_id)
        for number in range(300):
            progress.log(session, job=job, text=f"line {number} " + "x" * 1000)
    lines = lines_of(database, job_id)
    assert len(lines) == 200 and max(map(len, lines)) == 500
    assert lines[-1] == "Further lines are left out."


def test_a_throttle_lets_one_through_per_interval():
    now = iter([0.0, 0.1, 0.24, 0.25, 0.3, 9.0])
    throttle = Throttle(0.25, clock=lambda: next(now))
    assert [throttle.is_due() for _ in range(6)] == [True, False, False, True, False, True]


def test_a_picture_gets_variants_under_keys_of_their_own(submit, run, store, announced):
    file_id, original = submit_picture(submit, store, PORTRAIT.read_bytes())
    job = run(file_id)
    assert job.state == "succeeded"
    [made] = announced(VariantsMade)
    assert made.file_id == file_id
    thumb = made.variants["thumb"]
    assert (thumb["content_type"], thumb["width"], thumb["height"]) == ("image/jpeg", 171, 200)
    keys = {variant["storage_key"] for variant in made.variants.values()}
    assert len(keys) == 2 and original not in keys
    assert {store.path(key).stat().st_size for key in keys} == {v["size"] for v in made.variants.values()}


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: pictures.bomb(path).read_bytes(), "image_too_large"),
        (lambda path: PORTRAIT.read_bytes()[:20_000], "image_unreadable"),
    ],
    ids=["bomb", "truncated"],
)
def test_a_bad_picture_ends_its_job_and_the_file_stays(submit, run, store, announced, tmp_path, make, code):
    file_id, original = submit_picture(submit, store, make(tmp_path / "bad"))
    job = run(file_id)
    assert (job.state, job.attempts, job.problem["code"]) == ("failed", 1, code)
    assert announced(VariantsMade) == []
    assert store.path(original).exists()


def test_variants_that_can_not_be_told_are_removed_again(submit, run, store, monkeypatch):
    file_id, original = submit_picture(submit, store, PORTRAIT.read_bytes())
    monkeypatch.setattr(endings, "succeed", lambda *_, **__: 1 / 0)
    assert run(file_id).state == "queued"
    assert [path.name for path in store.folder.glob("*/??/*")] == [store.path(original).name]


def submit_picture(submit, store, content: bytes) -> tuple[str, str]:
    key = store.put(content).key
    file_id = "0192f7a0-0000-7000-8000-000000000001"
    return submit("image.variants", {"file_id": file_id, "storage_key": key}, id=file_id), key
