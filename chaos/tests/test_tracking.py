"""What a subscriber saw is judged: each gap, double, leap back and leak is found, and nothing else."""

import pytest

from chaos.book import DELETE
from chaos.checking import Findings
from chaos.clients.subscribers import Sighting, Track
from chaos.clients.writers import SEE_ALL, SEE_OPEN
from chaos.tests.test_checking import call, created, only, record, updated
from chaos.tracking import check_track

CALLS = [created(), updated("u1", 2), updated("u2", 3)]
ALL = [record(version=3, note="u2")]


def seen(version: int, note: str = "", *, kind: str = "updated", number: int = 0, of: str = "r-c1") -> Sighting:
    kind = "created" if version == 1 else kind
    written_by = note or ("c1" if version == 1 else f"u{version - 1}")
    return Sighting(kind, of, version, written_by, number or version, 0.0)


def judge(*sightings: Sighting, calls=CALLS, records=ALL, sees=SEE_ALL, user_id="ada", **more) -> Findings:
    """What is found of a subscriber who was there from the beginning, unless `more` says otherwise."""
    findings = Findings()
    track = Track("ben", sees, user_id, **{"since": 0.5, "sightings": list(sightings), **more})
    check_track(track, calls, records, findings)
    return findings


def test_every_change_once_and_in_order_is_as_promised():
    assert judge(seen(1), seen(2), seen(3)).is_clean


@pytest.mark.parametrize("versions", [(), (1,), (1, 3), (2, 3), (1, 2)])
def test_a_change_that_never_came_is_lost(versions):
    findings = judge(*(seen(version) for version in versions))
    assert findings.lost
    assert not findings.doubled + findings.misordered + findings.strange


def test_a_change_that_came_twice_is_doubled():
    assert only(judge(seen(1), seen(2), seen(2), seen(3))) == "doubled"


def test_an_older_change_that_came_after_a_newer_is_found():
    assert judge(seen(1), seen(3), seen(2)).doubled


def test_numbers_that_go_back_are_out_of_order():
    calls = [*CALLS, created("c2")]
    late = seen(1, "c2", number=2, of="r-c2")
    assert only(judge(seen(1), seen(2), seen(3), late, calls=calls, records=[*ALL, record("c2")])) == "misordered"


def test_what_may_not_be_seen_is_a_leak_and_need_not_be_seen():
    hidden = [created()]
    hidden[0].wanted["is_open"] = False
    told = {"calls": hidden, "records": [record()], "sees": SEE_OPEN}
    assert only(judge(seen(1), **told, user_id="ben")) == "strange"
    assert judge(**told, user_id="ben").is_clean
    assert only(judge(**told, user_id="ada")) == "lost"


def test_who_came_late_need_not_see_what_was_before():
    assert judge(seen(3), since=5.0).is_clean
    assert judge(since=5.0).is_clean


def test_a_record_that_goes_is_seen_to_go():
    calls = [*CALLS, call("d1", DELETE, record="r-c1")]
    assert judge(seen(1), seen(2), seen(3), seen(4, kind="deleted"), calls=calls, records=[]).is_clean
    assert judge(seen(1), seen(2), seen(3), calls=calls, records=[]).lost


def test_who_was_told_to_read_anew_knows_what_was_read():
    assert judge(seen(1), rereads=[(1, {"r-c1": 3})]).is_clean
    assert judge(seen(1), seen(3), rereads=[(1, {"r-c1": 2})]).is_clean
    assert judge(seen(1), rereads=[(1, {"r-c1": 2})]).lost


def test_a_change_of_other_content_than_was_answered_is_found():
    assert judge(seen(1), seen(2, "u9"), seen(3)).lost
