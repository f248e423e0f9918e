"""The checker finds each thing that a system could do wrong, and nothing where it did right."""

from collections import Counter

import pytest

from chaos.book import ANSWERED, CREATE, DELETE, JOB, REFUSED, REGISTER, UNKNOWN, UPDATE, UPLOAD, Call
from chaos.checking import check_holdings
from chaos.holdings import Holdings
from chaos.mails import Mail


def call(mark: str, kind: str, outcome: str = ANSWERED, answer: dict | None = None, **wanted) -> Call:
    return Call(mark, kind, "client", wanted, 1.0, 2.0, outcome, tries=1, answer=answer or {})


def created(name: str = "c1", outcome: str = ANSWERED) -> Call:
    answer = {"id": f"r-{name}", "version": 1} if outcome == ANSWERED else None
    return call(name, CREATE, outcome, answer, is_open=True, owner="ada", is_wrong=outcome == REFUSED)


def updated(name: str, version: int, outcome: str = ANSWERED, record: str = "r-c1") -> Call:
    answer = {"id": record, "version": version} if outcome == ANSWERED else None
    return call(name, UPDATE, outcome, answer, record=record, is_wrong=outcome == REFUSED)


def record(mark: str = "c1", version: int = 1, note: str | None = None, photo: dict | None = None) -> dict:
    return {"id": f"r-{mark}", "mark": mark, "version": version, "note": note or mark, "photo": photo}


def check(*calls: Call, **held):
    return check_holdings(list(calls), Holdings(**held))


def only(findings) -> str:
    """The name of the one thing that was found."""
    names = ("lost", "doubled", "misordered", "strange", "unsettled")
    [(name, _)] = [(name, getattr(findings, name)) for name in names if getattr(findings, name)]
    return name


@pytest.mark.parametrize("outcome", [ANSWERED, UNKNOWN])
def test_a_write_that_is_there_once_is_as_promised(outcome):
    assert check(created(outcome=outcome), records=[record()]).is_clean


@pytest.mark.parametrize("outcome", [REFUSED, UNKNOWN])
def test_a_write_that_was_not_accepted_need_not_be_there(outcome):
    assert check(created(outcome=outcome)).is_clean


def test_an_accepted_write_that_is_not_there_is_lost():
    assert only(check(created())) == "lost"


@pytest.mark.parametrize("outcome", [ANSWERED, UNKNOWN])
def test_a_write_that_is_there_twice_is_doubled(outcome):
    twin = record() | {"id": "another"}
    assert only(check(created(outcome=outcome), records=[record(), twin])) == "doubled"


def test_a_refused_write_that_is_there_is_strange():
    assert only(check(created(outcome=REFUSED), records=[record()])) == "strange"


def test_a_record_that_nobody_made_is_strange():
    assert only(check(records=[record("ghost")])) == "strange"


def test_updates_that_were_answered_count():
    calls = created(), updated("u1", 2), updated("u2", 3)
    assert check(*calls, records=[record(version=3, note="u2")]).is_clean


def test_an_unknown_update_may_have_come_or_not_and_late():
    calls = created(), updated("u1", 2), updated("u2", 0, UNKNOWN)
    assert check(*calls, records=[record(version=2, note="u1")]).is_clean
    assert check(*calls, records=[record(version=3, note="u2")]).is_clean
    assert check(*calls, records=[record(version=3, note="u1")]).is_clean


def test_an_answered_update_that_is_not_there_is_lost():
    assert only(check(created(), updated("u1", 2), records=[record()])) == "lost"


def test_an_update_that_counted_twice_is_doubled():
    assert only(check(created(), updated("u1", 2), records=[record(version=3, note="u1")])) == "doubled"


def test_a_refused_update_that_is_there_is_strange():
    calls = created(), updated("u1", 2), updated("u2", 0, REFUSED), updated("u3", 0, UNKNOWN)
    assert only(check(*calls, records=[record(version=2, note="u2")])) == "strange"


@pytest.mark.parametrize(("outcome", "records"), [(ANSWERED, []), (UNKNOWN, []), (UNKNOWN, [record()])])
def test_a_deleted_record_is_gone(outcome, records):
    assert check(created(), call("d1", DELETE, outcome, record="r-c1"), records=records).is_clean


def test_a_deleted_record_that_is_there_is_a_lost_deletion():
    assert only(check(created(), call("d1", DELETE, record="r-c1"), records=[record()])) == "lost"


def test_a_refused_deletion_leaves_the_record():
    assert only(check(created(), call("d1", DELETE, REFUSED, record="r-c1", is_wrong=True))) == "lost"


PHOTO = {"name": "a.jpg", "variants": {"thumb": {}}}


def uploaded(outcome: str = ANSWERED) -> Call:
    return call("p1", UPLOAD, outcome, {"version": 2}, record="r-c1", name="a.jpg", sha256="ab")


def test_an_uploaded_file_is_in_its_record_with_its_variants():
    held = {"records": [record(version=3, photo=PHOTO)], "prints": {"r-c1": "ab"}}
    assert check(created(), uploaded(), **held).is_clean


@pytest.mark.parametrize(
    ("photo", "sha256", "finding"),
    [(PHOTO, "cd", "strange"), (PHOTO | {"name": "b.jpg"}, "ab", "strange"), (PHOTO | {"variants": {}}, "ab", "lost")],
)
def test_a_file_of_other_bytes_or_without_variants_is_found(photo, sha256, finding):
    held = {"records": [record(version=3, photo=photo)], "prints": {"r-c1": sha256}}
    assert only(check(created(), uploaded(), **held)) == finding


def test_a_file_that_is_not_in_its_record_is_lost():
    assert only(check(created(), uploaded(), records=[record(version=2)])) == "lost"


def submitted(outcome: str = ANSWERED, *, notify: bool = True) -> Call:
    return call("j1", JOB, outcome, {"id": "job"} if outcome == ANSWERED else None, notify=notify)


JOBS = {"job": {"state": "succeeded", "mark": "j1"}}
JOB_MAIL = Mail("ada@example.com", "<1@quintet>", "You find it at http://127.0.0.1/v1/jobs/job\n")


@pytest.mark.parametrize("outcome", [ANSWERED, UNKNOWN])
def test_a_job_that_ended_once_with_one_mail_is_as_promised(outcome):
    assert check(submitted(outcome), jobs=JOBS, job_ends=Counter(job=1), mails=[JOB_MAIL]).is_clean


def test_a_job_that_does_not_exist_is_lost_and_an_unknown_one_need_not():
    assert only(check(submitted())) == "lost"
    assert check(submitted(UNKNOWN)).is_clean


@pytest.mark.parametrize(("ends", "finding"), [(0, "lost"), (2, "doubled")])
def test_a_job_ends_once(ends, finding):
    assert only(check(submitted(), jobs=JOBS, job_ends=Counter(job=ends), mails=[JOB_MAIL])) == finding


def test_a_job_that_was_made_twice_is_doubled():
    jobs = JOBS | {"twin": {"state": "succeeded", "mark": "j1"}}
    calls, ends = submitted(notify=False), Counter(job=1, twin=1)
    assert only(check(calls, jobs=jobs, job_ends=ends)) == "doubled"


@pytest.mark.parametrize(("notify", "mails", "finding"), [(True, [], "lost"), (False, [JOB_MAIL], "doubled")])
def test_a_job_has_the_mail_it_asked_for(notify, mails, finding):
    assert only(check(submitted(notify=notify), jobs=JOBS, job_ends=Counter(job=1), mails=mails)) == finding


def registered(outcome: str = ANSWERED) -> Call:
    return call("m1", REGISTER, outcome, email="ada@example.com", is_wrong=outcome == REFUSED)


def mail(message_id: str = "<1@quintet>") -> Mail:
    return Mail("ada@example.com", message_id, "Welcome!")


def test_a_registration_has_one_mail_which_may_come_again_as_the_same():
    assert check(registered(), mails=[mail()]).is_clean
    findings = check(registered(), mails=[mail(), mail()])
    assert findings.is_clean
    assert findings.mails_again == 1


def test_a_registration_without_a_mail_is_lost_and_with_two_is_doubled():
    assert only(check(registered())) == "lost"
    assert only(check(registered(), mails=[mail(), mail("<2@quintet>")])) == "doubled"
    assert only(check(registered(REFUSED), mails=[mail()])) == "strange"


def test_a_link_that_does_not_open_is_a_lost_account():
    assert only(check(registered(), mails=[mail()], dead_links=["ada@example.com"])) == "lost"


def test_what_was_right_is_not_refused_and_what_was_wrong_is_not_accepted():
    right = created(outcome=REFUSED)
    right.wanted["is_wrong"] = False
    assert only(check(right)) == "strange"
    wrong = created()
    wrong.wanted["is_wrong"] = True
    assert only(check(wrong, records=[record()])) == "strange"


def test_a_condition_on_an_unknown_version_may_be_refused():
    late = call("u2", UPDATE, REFUSED, record="r-c1", is_conditional=True)
    late.status = 412
    assert check(created(), updated("u1", 0, UNKNOWN), late, records=[record(version=2, note="u1")]).is_clean
