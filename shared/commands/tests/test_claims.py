"""Who may work on a command, for how long, and what becomes of it; no broker needed."""

import threading
from datetime import timedelta

import pytest

from shared import clock, trace
from shared.commands import GiveUp, LeaseLost
from shared.commands.backlog import Backlog
from shared.commands.performing import perform
from shared.commands.tests.errands import Errand, Mark, errand_commands, marks_of
from shared.testing import eventually


@pytest.fixture
def read(database):
    def read_one(errand_id: str) -> Errand:
        with database.reading() as session:
            return session.get(Errand, errand_id)

    return read_one


def later(seconds: float):
    at = clock.now() + timedelta(seconds=seconds)
    return clock.told_by(lambda: at)


def mark(claim) -> None:
    with claim.finishing() as session:
        session.add(Mark(errand_id=claim.id, what="done"))


def test_a_command_rolled_back_with_its_transaction_never_was(database, errands):
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        errands.submit(session)
        raise ZeroDivisionError
    assert Backlog(errands).due() == []


def test_two_workers_at_once_claim_it_once(errands, submit):
    errand_id, claims = submit(), []
    together = threading.Barrier(8)

    def claim():
        together.wait()
        claims.append(errands.claim(errand_id))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    with later(0):  # the lease lasts, however long the last waits for its turn
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len([one for one in claims if one]) == 1


def test_it_is_not_claimed_before_its_time(errands, submit):
    with later(0):
        errand_id = submit(run_at=clock.now() + timedelta(seconds=60))
        assert errands.claim(errand_id) is None
        assert Backlog(errands).seconds_to_next(at_most=100) == 60
    with later(61):
        assert [due.id for due in Backlog(errands).due()] == [errand_id]
        assert errands.claim(errand_id).attempt == 1


def test_an_unknown_command_is_nobodys(errands, database):
    assert errands.claim("0190aaaa-0000-7000-8000-000000000000") is None


def test_finishing_commits_state_and_effects_together(database, errands, submit, read):
    errand_id = submit()
    claim = errands.claim(errand_id)
    with pytest.raises(ZeroDivisionError), claim.finishing() as session:
        session.add(Mark(errand_id=errand_id, what="done"))
        raise ZeroDivisionError
    assert (read(errand_id).state, marks_of(database, errand_id)) == ("running", [])
    mark(claim)
    assert (read(errand_id).state, marks_of(database, errand_id)) == ("succeeded", ["done"])
    assert errands.claim(errand_id) is None


def test_a_worker_that_wakes_after_its_lease_is_fenced_off(database, errands, submit, read):
    errand_id = submit()
    sleeper = errands.claim(errand_id)
    with later(2):
        successor = errands.claim(errand_id)
        assert (successor.attempt, successor.fence) == (2, 2)
        for act in (lambda: mark(sleeper), lambda: sleeper.fail(RuntimeError("late"))):
            with pytest.raises(LeaseLost):
                act()
        assert not sleeper.renew()
        mark(successor)
    with pytest.raises(LeaseLost):
        mark(sleeper)
    assert marks_of(database, errand_id) == ["done"]
    assert read(errand_id).last_error is None


def test_a_lease_is_renewed_while_the_work_runs(errands, submit, read):
    errand_id, is_over = submit(), threading.Event()
    worker = threading.Thread(target=perform, args=(errands, errand_id, lambda claim: is_over.wait(60)))
    worker.start()
    first = eventually(lambda: read(errand_id).lease_until)
    eventually(lambda: read(errand_id).lease_until > first + timedelta(seconds=1))
    with clock.told_by(lambda: first + timedelta(seconds=0.5)):  # by now the first one would have ended
        assert errands.claim(errand_id) is None
    is_over.set()
    worker.join(60)
    assert (read(errand_id).state, read(errand_id).attempts) == ("succeeded", 1)


def test_work_that_ends_after_another_attempt_took_over_changes_nothing(errands, submit, read):
    errand_id, heirs = submit(), []
    later = clock.now() + timedelta(minutes=1)

    def outlast_the_lease(_claim):
        with clock.told_by(lambda: later):
            heirs.append(errands.claim(errand_id))

    perform(errands, errand_id, outlast_the_lease)
    row = read(errand_id)
    assert (row.state, row.fence, row.finished_at) == ("running", heirs[0].fence, None)


def test_what_fails_is_tried_again_later_and_its_error_kept(errands, submit, read):
    errand_id = submit()

    def fail(claim):
        raise RuntimeError("not today\nand a second line that quotes a secret")

    perform(errands, errand_id, fail)
    row = read(errand_id)
    assert (row.state, row.attempts, row.last_error) == ("queued", 1, "RuntimeError: not today")
    assert row.run_at > row.started_at
    assert row.sent_at is None


def test_it_is_failed_for_good_after_its_last_attempt(database, submit, read):
    told = []
    errands = errand_commands(
        database, max_attempts=3, when_failed=lambda session, row, error: told.append((row.id, str(error)))
    )
    errand_id = submit()

    def fail(claim):
        raise RuntimeError(f"attempt {claim.attempt}")

    for attempt in range(5):
        with later(attempt):
            perform(errands, errand_id, fail)
    row = read(errand_id)
    assert (row.state, row.attempts, row.last_error) == ("failed", 3, "RuntimeError: attempt 3")
    assert row.finished_at is not None
    assert told == [(errand_id, "attempt 3")]


def test_giving_up_ends_it_at_once(errands, submit, read):
    errand_id = submit()

    def give_up(claim):
        raise GiveUp("it makes no sense")

    perform(errands, errand_id, give_up)
    assert (read(errand_id).state, read(errand_id).last_error) == ("failed", "it makes no sense")


def test_what_takes_every_worker_with_it_is_given_up(database, submit, read):
    told = []
    errands = errand_commands(
        database, max_attempts=3, when_failed=lambda session, row, error: told.append(type(error).__name__)
    )
    errand_id = submit()
    for attempt in range(3):
        with later(attempt * 2):
            assert Backlog(errands).end_exhausted() == 0
            assert errands.claim(errand_id)
    with later(10):
        assert Backlog(errands).due() == []
        assert Backlog(errands).end_exhausted() == 1
        assert errands.claim(errand_id) is None
    assert (read(errand_id).state, told) == ("failed", ["WorkerLost"])
    assert "lost" in read(errand_id).last_error


def test_a_mistake_in_what_follows_a_failure_does_not_keep_the_command_alive(database, submit, read):
    def break_down(session, row, error):
        session.add(Mark(errand_id=row.id, what="half"))
        session.flush()
        raise KeyError("a mistake")

    errands = errand_commands(database, max_attempts=1, when_failed=break_down)
    failed, killed = submit(), submit()

    def give_up(claim):
        raise GiveUp("no use")

    perform(errands, failed, give_up)
    assert errands.claim(killed)
    with later(10):
        assert Backlog(errands).end_exhausted() == 1
    assert [read(one).state for one in (failed, killed)] == ["failed", "failed"]
    assert read(failed).last_error == "no use"
    assert marks_of(database, failed) == marks_of(database, killed) == []


def test_a_doubled_message_runs_it_once(database, errands, submit):
    errand_id = submit()
    perform(errands, errand_id, mark)
    perform(errands, errand_id, mark)
    assert marks_of(database, errand_id) == ["done"]


def test_an_error_in_the_effects_is_an_error_of_the_attempt(database, errands, submit, read):
    errand_id = submit()

    def break_the_effects(claim):
        with claim.finishing() as session:
            session.add(Mark(errand_id=claim.id, what="done"))
            session.flush()
            raise RuntimeError("no")

    perform(errands, errand_id, break_the_effects)
    assert (read(errand_id).state, marks_of(database, errand_id)) == ("queued", [])


def test_another_state_may_end_the_workers_part(errands, submit, read):
    errand_id = submit()

    def hand_on(claim):
        with claim.finishing("awaiting"):
            pass

    perform(errands, errand_id, hand_on)
    assert read(errand_id).state == "awaiting"
    assert Backlog(errands).due() == []


def test_the_work_belongs_to_the_trace_of_who_submitted_it(database, errands):
    seen = []
    with trace.begin(actor="somebody") as step, database.transaction() as session:
        errand_id = errands.submit(session).id
    perform(errands, errand_id, lambda claim: seen.append(trace.current()))
    assert (seen[0].trace_id, seen[0].actor, seen[0].causation) == (step.trace_id, "somebody", errand_id)
    with database.reading() as session:
        entries = errands.trace_entries(session, step.trace_id)
        assert errands.trace_entries(session, "0" * 32) == []
    assert [entry["what"] for entry in entries] == [
        f"command errands.run {s}" for s in ("queued", "started", "succeeded")
    ]


def test_submitting_pokes_the_bus_after_the_commit(database, errands):
    pokes = []

    def poke():
        pokes.append("poke")

    with database.transaction() as session:
        session.info["poke"] = poke
        errands.submit(session)
        errands.submit(session)
        assert pokes == []
    assert pokes == ["poke"]


def test_what_is_handed_back_is_due_at_once_as_if_it_had_not_been_begun(errands, submit, read):
    errand_id = submit()
    claim = errands.claim(errand_id)
    assert errands.hand_back(errand_id)
    row = read(errand_id)
    assert (row.state, row.attempts, row.lease_until) == ("queued", 0, None)
    assert [due.id for due in Backlog(errands).due()] == [errand_id]
    assert not claim.renew()
    with pytest.raises(LeaseLost):
        mark(claim)


def test_what_is_handed_back_in_its_last_attempt_may_be_tried_again(database, submit):
    errands = errand_commands(database, max_attempts=1)
    errand_id = submit()
    errands.claim(errand_id)
    errands.hand_back(errand_id)
    assert Backlog(errands).end_exhausted() == 0
    mark(errands.claim(errand_id))
    assert marks_of(database, errand_id) == ["done"]


def test_what_is_done_or_put_off_already_is_not_handed_back(errands, submit, read):
    done, put_off = submit(), submit()
    mark(errands.claim(done))
    errands.claim(put_off).fail(RuntimeError("not today"))
    assert not errands.hand_back(done) and not errands.hand_back(put_off)
    assert (read(done).attempts, read(put_off).attempts) == (1, 1)
