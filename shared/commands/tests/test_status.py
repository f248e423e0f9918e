"""How a table of commands stands: counted by state, late ones told apart."""

from datetime import timedelta

from shared import clock
from shared.bus.status import CommandStatus
from shared.commands import status
from shared.commands.status import status_of


def at(seconds: float):
    instant = clock.now() + timedelta(seconds=seconds)
    return clock.told_by(lambda: instant)


def read(errands) -> CommandStatus:
    with errands.database.reading() as session:
        return status_of(session, errands)


def test_a_table_without_commands_has_none(errands):
    assert read(errands) == CommandStatus("errands.run", 0, 0, 0, None)


def test_queued_running_and_ended_commands_are_told_apart(errands, submit):
    with at(0):  # the clock stands still: on a busy machine the third would be overdue by the time it is counted
        first, second, _third = submit(), submit(), submit()
        with errands.claim(first).finishing():
            pass
        errands.claim(second)
        told = read(errands)
    assert (told.queued, told.running, told.overdue) == (1, 1, 0)


def test_a_command_is_overdue_when_nobody_has_begun_it_for_a_resend_s_time(errands, submit):
    submit()
    due_at = read(errands).oldest_due_at
    with at(errands.resend_seconds + 0.1):
        told = read(errands)
    assert (told.overdue, told.oldest_due_at) == (1, due_at)


def test_a_command_put_off_is_not_overdue(errands, submit):
    submit(run_at=clock.now() + timedelta(hours=1))
    told = read(errands)
    assert (told.queued, told.overdue, told.oldest_due_at) == (1, 0, None)


def test_a_command_whose_worker_was_lost_is_overdue_since_its_lease_ended(errands, submit):
    claim = errands.claim(submit())
    lease_until = claim.row.lease_until
    with at(errands.lease_seconds + errands.resend_seconds + 0.1):
        told = read(errands)
    assert (told.running, told.overdue, told.oldest_due_at) == (1, 1, lease_until)


def test_a_count_ends_somewhere(errands, submit, monkeypatch):
    monkeypatch.setattr(status, "COUNTED", 2)
    for _ in range(3):
        submit()
    assert read(errands).queued == 2
