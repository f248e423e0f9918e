"""Imports: a CSV file becomes rows for data, in chunks; data's news become the job's progress and end."""

import pytest

from services.worker import extensions
from services.worker.actions import imports
from services.worker.models import Job
from shared.events.data import ImportFinished, ImportProgressed, ImportRequested
from shared.events.worker import ImportRowsRead, ImportUnreadable, JobFinished
from shared.ids import new_id


@pytest.fixture
def ask(database, store, ada):
    """An import is asked for, and its job lies there."""

    def ask(content: str) -> str:
        request = ImportRequested(
            import_id=new_id(), collection="airports", storage_key=store.put(content.encode()).key, owner_id=ada
        )
        with database.transaction() as session:
            imports.queue_reading(session, request=request)
            imports.queue_reading(session, request=request)
        return request.import_id

    return ask


@pytest.fixture
def tell(database):
    """Data tells how an import goes."""

    def tell(news) -> Job:
        act = imports.finish if isinstance(news, ImportFinished) else imports.note_progress
        with database.transaction() as session:
            act(session, news=news)
        with database.reading() as session:
            return session.get(Job, news.import_id)

    return tell


def rows(count: int) -> str:
    return "iata,name\n" + "".join(f"A{n},Airport {n}\n" for n in range(count))


def test_rows_come_in_chunks_and_the_job_awaits_data(ask, run, announced, ada):
    job = run(ask(rows(600)))
    assert (job.state, job.owner_id, job.progress, job.message) == ("awaiting", ada, 0.3, "600 of 600 rows read")
    chunks = announced(ImportRowsRead)
    assert [(c.first_line, len(c.rows), c.is_last) for c in chunks] == [
        (2, 250, False),
        (252, 250, False),
        (502, 100, True),
    ]
    assert chunks[0].rows[0] == {"iata": "A0", "name": "Airport 0"}
    assert announced(JobFinished) == []


def test_data_s_news_become_progress_and_the_end(ask, run, announced, tell):
    job_id = ask(rows(600))
    run(job_id)
    job = tell(ImportProgressed(import_id=job_id, rows_staged=300))
    assert (job.state, job.progress) == ("awaiting", pytest.approx(0.645))
    job = tell(ImportFinished(import_id=job_id, rows_written=600, problem=None))
    assert (job.state, job.progress, job.result) == ("succeeded", 1.0, {"rows_written": 600})
    assert [end.state for end in announced(JobFinished)] == ["succeeded"]
    assert tell(ImportFinished(import_id=job_id, rows_written=0, problem=None)).result == {"rows_written": 600}


def test_rows_that_data_refuses_fail_the_job_with_data_s_problem(ask, run, announced, tell):
    job_id = ask(rows(3))
    run(job_id)
    problem = {"status": 422, "code": "import_row_invalid", "detail": "Line 3: latitude is no number.", "line": 3}
    job = tell(ImportFinished(import_id=job_id, rows_written=0, problem=problem))
    assert (job.state, job.problem, job.message) == ("failed", problem, problem["detail"])
    assert [end.problem for end in announced(JobFinished)] == [problem]


def test_a_refusal_while_the_file_is_still_read_stops_the_reading(ask, tell):
    job_id = ask(rows(600))
    claim = extensions.queue.claim(job_id)
    tell(ImportFinished(import_id=job_id, rows_written=0, problem={"detail": "no", "code": "x"}))
    assert claim.renew() is False


def test_a_broken_row_tells_no_row_at_all(ask, run, announced):
    job = run(ask(rows(600) + "only one field\n"))
    assert (job.state, job.problem["code"], job.problem["line"]) == ("failed", "csv_row_ragged", 602)
    assert announced(ImportRowsRead) == []
    [unreadable] = announced(ImportUnreadable)
    assert unreadable.import_id == job.id and unreadable.problem["code"] == "csv_row_ragged"
    assert len(announced(JobFinished)) == 1


def test_a_header_alone_is_an_import_of_nothing(ask, run, announced):
    job = run(ask("iata,name\n"))
    assert job.state == "awaiting"
    assert [(c.rows, c.is_last) for c in announced(ImportRowsRead)] == [([], True)]


def test_an_attempt_after_a_crash_goes_on_behind_what_was_told(ask, run, announced, monkeypatch):
    job_id = ask(rows(600))
    real = imports.announce_rows

    def crash_on_the_second(session, *, job, **more):
        if imports.rows_told(job) == 250:
            raise RuntimeError("killed")
        real(session, job=job, **more)

    with monkeypatch.context() as patch:
        patch.setattr(imports, "announce_rows", crash_on_the_second)
        assert run(job_id).state == "queued"
    with extensions.database.transaction() as session:
        job = session.get(Job, job_id)
        job.run_at = job.created_at
    assert run(job_id).state == "awaiting"
    lines = [line for chunk in announced(ImportRowsRead) for line in chunk.lines]
    assert lines == list(range(2, 602)), "each row is told once"
