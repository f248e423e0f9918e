"""Schedules: each due time becomes one job, however many beats there are and whatever was missed."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from services.worker.actions import schedules
from services.worker.models import Job, LogLine, Schedule
from services.worker.schedule import DatabaseScheduler
from shared import clock

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def minutely(database) -> Schedule:
    """A schedule of every minute that is due since NOW."""
    with database.transaction() as session:
        session.get(Schedule, "housekeeping").is_enabled = False
        schedule = Schedule(
            name="minutely", every_seconds=60, kind="housekeeping", input={}, is_enabled=True, next_due=NOW
        )
        session.add(schedule)
    return schedule


def jobs_of(database) -> list[Job]:
    with database.reading() as session:
        return list(session.scalars(select(Job).order_by(Job.due_at)))


def start_due(database, now: datetime) -> int:
    with database.transaction() as session:
        return schedules.start_due(session, now=now)


def test_a_schedule_starts_a_job_when_its_time_has_come(database, minutely):
    assert start_due(database, NOW - A_MINUTE) == 0
    assert start_due(database, NOW) == 1
    assert start_due(database, NOW) == 0
    assert start_due(database, NOW + A_MINUTE) == 1
    assert [(job.schedule, job.due_at, job.owner_id) for job in jobs_of(database)] == [
        ("minutely", NOW, None),
        ("minutely", NOW + A_MINUTE, None),
    ]


def test_what_was_missed_is_made_up_for_once_not_in_a_flood(database, minutely):
    assert start_due(database, NOW + timedelta(days=3)) == 1
    assert len(jobs_of(database)) == 1
    with database.reading() as session:
        assert session.get(Schedule, "minutely").next_due == NOW + timedelta(days=3) + A_MINUTE


def test_two_beats_at_once_start_one_job(database, minutely):
    gate, errors = threading.Barrier(4), []

    def beat():
        try:
            for number in range(5):
                gate.wait(60)
                start_due(database, NOW + number * A_MINUTE)
        except Exception as error:
            errors.append(error)

    beats = [threading.Thread(target=beat) for _ in range(4)]
    for one in beats:
        one.start()
    for one in beats:
        one.join(60)
    assert errors == []
    assert [job.due_at for job in jobs_of(database)] == [NOW + number * A_MINUTE for number in range(5)]


def test_a_schedule_that_is_switched_off_starts_nothing(database, minutely):
    with database.transaction() as session:
        session.get(Schedule, "minutely").is_enabled = False
    assert start_due(database, NOW) == 0


def test_a_schedule_that_nobody_can_read_is_switched_off_and_harms_no_other(database, minutely):
    with database.transaction() as session:
        session.add(Schedule(name="broken", cron="often", kind="housekeeping", input={}, is_enabled=True, next_due=NOW))
    assert start_due(database, NOW) == 1
    with database.reading() as session:
        assert session.get(Schedule, "broken").is_enabled is False


def test_housekeeping_is_planned_for_the_next_night_at_the_first_beat(database):
    assert start_due(database, NOW) == 0
    with database.reading() as session:
        assert session.get(Schedule, "housekeeping").next_due == datetime(2026, 3, 15, 3, 17, tzinfo=UTC)


def test_housekeeping_deletes_old_finished_jobs_and_their_logs_alone(database, submit, run):
    old, fresh, unfinished = (submit("housekeeping", {}) for _ in range(3))
    with database.transaction() as session:
        for job_id, age in ((old, 31), (fresh, 29)):
            job = session.get(Job, job_id)
            job.state, job.finished_at = "succeeded", clock.now() - timedelta(days=age)
    job = run(submit("housekeeping", {}))
    assert job.result == {"pruned": 1}
    assert {kept.id for kept in jobs_of(database)} == {fresh, unfinished, job.id}
    with database.reading() as session:
        assert session.scalar(select(LogLine).where(LogLine.job_id == old)) is None


def test_celery_s_beat_starts_what_is_due_and_needs_no_broker(database, minutely):
    from celery import Celery

    with Celery("test", broker="redis://127.0.0.1:1/0", set_as_current=False) as app:
        scheduler = DatabaseScheduler(app=app)
        assert 0 < scheduler.tick() <= 5
    assert len(jobs_of(database)) == 1
    assert scheduler.info
