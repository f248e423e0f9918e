"""The checker: compares the book with what the system holds. Pure: no call, no clock."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from chaos.book import CREATE, DELETE, JOB, REFUSED, REGISTER, UPDATE, UPLOAD, Call
from chaos.holdings import Holdings

PRECONDITION_FAILED = 412
"""What a client that does not know the outcome of its last update may rightly be told."""
EACH_UPLOAD = 4
"""Versions that one try may make: the file and its variants, and again where the gateway asked a second instance."""


@dataclass
class Findings:
    """What is not as promised, one sentence each; all empty when everything held."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    misordered: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    """There although it was refused, seen by who may not, or other than it was written."""
    unsettled: list[str] = field(default_factory=list)
    mails_again: int = 0
    """Mails that came again under the same Message-ID: allowed where the acceptance was never confirmed."""

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.misordered or self.strange or self.unsettled)


def check_holdings(calls: list[Call], held: Holdings) -> Findings:
    """Every accepted write is there once, no refused one is, an unknown one is there once or not."""
    findings = Findings()
    _check_records(calls, held, findings)
    _check_uploads(calls, held, findings)
    _check_jobs(calls, held, findings)
    _check_mails(calls, held, findings)
    _check_refusals(calls, findings)
    return findings


def counted(findings: Findings, call: Call, count: int, what: str) -> None:
    """Notes it where a call's effect is there more or less often than its outcome says."""
    said = f"{call.kind} {call.id} was {call.outcome}"
    if call.outcome == REFUSED and count:
        findings.strange.append(f"{said}, yet there is {what}")
    elif count > 1:
        findings.doubled.append(f"{said}, and there are {count} of {what}")
    elif call.is_answered and count == 0:
        findings.lost.append(f"{said}, and there is no {what}")


def _check_records(calls: list[Call], held: Holdings, findings: Findings) -> None:
    by_mark = defaultdict(list)
    for record in held.records:
        by_mark[record["mark"]].append(record)
    deletes = {call.wanted["record"]: call for call in calls if call.kind == DELETE}
    writes = defaultdict(list)
    for call in calls:
        if call.kind in (UPDATE, UPLOAD):
            writes[call.wanted["record"]].append(call)
    for call in calls:
        if call.kind == CREATE:
            found = by_mark[call.id]
            gone = deletes.get(call.answer.get("id", ""))
            if gone is None or gone.is_refused:
                counted(findings, call, len(found), "record of its mark")
            elif gone.is_answered and found:
                findings.lost.append(f"delete {gone.id} was answered, and the record is there")
            for record in found:
                _check_history(call, record, writes[record["id"]], findings)
    strangers = set(by_mark) - {call.id for call in calls}
    findings.strange += [f"a record has the mark {mark}, which no call gave" for mark in strangers]


def _check_history(create: Call, record: dict, writes: list[Call], findings: Findings) -> None:
    """The version counts the writes, and the note is the last one's."""
    updates = [call for call in writes if call.kind == UPDATE]
    answered = [call for call in updates if call.is_answered]
    unknown = [call for call in updates if not call.is_answered and not call.is_refused]
    newest = max([call.answer["version"] for call in writes if call.is_answered], default=1)
    uploads = sum(EACH_UPLOAD * call.tries for call in writes if call.kind == UPLOAD and not call.is_refused)
    most = 1 + len(answered) + len(unknown) + uploads
    where = f"the record of {create.id}"
    if record["version"] < newest:
        findings.lost.append(f"{where} is at version {record['version']}; {newest} was answered")
    if record["version"] > most:
        findings.doubled.append(f"{where} is at version {record['version']}; its writes make {most} at most")
    last = max(answered, key=lambda call: call.answer["version"], default=create)
    if record["note"] not in {last.id, *(call.id for call in unknown)}:
        refused = record["note"] in {call.id for call in updates if call.is_refused}
        (findings.strange if refused else findings.lost).append(
            f"{where} was last written by {record['note']}, not by {last.id}"
        )


def _check_uploads(calls: list[Call], held: Holdings, findings: Findings) -> None:
    records = {record["id"]: record for record in held.records}
    for call in calls:
        if call.kind != UPLOAD or call.wanted["record"] not in records:
            continue
        photo = records[call.wanted["record"]]["photo"]
        counted(findings, call, 1 if photo else 0, "file in the record")
        if photo and (photo["name"], held.prints.get(call.wanted["record"])) != (
            call.wanted["name"],
            call.wanted["sha256"],
        ):
            findings.strange.append(f"upload {call.id}: the file in the record is another")
        if photo and not photo["variants"]:
            findings.lost.append(f"upload {call.id}: the file in the record has no variants")


def _check_jobs(calls: list[Call], held: Holdings, findings: Findings) -> None:
    by_mark = Counter(job["mark"] for job in held.jobs.values())
    for call in calls:
        if call.kind != JOB:
            continue
        job = held.jobs.get(call.answer.get("id", ""))
        if job and job["state"] == "failed":  # it has ended, but has no result that could name its call
            findings.strange.append(f"job {call.id} has failed")
            continue
        counted(findings, call, by_mark[call.id], "job of its mark")
    for name in held.jobs:
        ends = held.job_ends[name]
        if ends != 1:
            (findings.doubled if ends else findings.lost).append(f"the job {name} ended {ends} times")


def _check_mails(calls: list[Call], held: Holdings, findings: Findings) -> None:
    """One mail per registration, one per job that asks for one; again only under the same Message-ID."""
    per_message = Counter(mail.message_id for mail in held.mails)
    findings.mails_again = sum(count - 1 for count in per_message.values())
    by_address, by_job = defaultdict(set), defaultdict(set)
    for mail in held.mails:
        by_address[mail.to].add(mail.message_id)
        by_job[mail.text.rpartition("/v1/jobs/")[2].strip()].add(mail.message_id)
    for call in calls:
        if call.kind == REGISTER:
            counted(findings, call, len(by_address[call.wanted["email"]]), "mail to its address")
    wants_mail = {call.id: call.wanted["notify"] for call in calls if call.kind == JOB}
    for name, job in held.jobs.items():
        count, wanted = len(by_job[name]), int(wants_mail.get(job["mark"] or "", False))
        if job["mark"] and count != wanted:
            (findings.lost if count < wanted else findings.doubled).append(
                f"the job {name} has {count} mails about its end, not {wanted}"
            )
    findings.lost += [f"the link in the mail to {address} does not open" for address in held.dead_links]


def _check_refusals(calls: list[Call], findings: Findings) -> None:
    """What was right is not refused, whatever is broken; what was wrong is not accepted."""
    for call in calls:
        is_wrong = call.wanted.get("is_wrong", False)
        if is_wrong and call.is_answered:
            findings.strange.append(f"{call.kind} {call.id} asks for what can't be, and was answered")
        is_fair = is_wrong or (call.wanted.get("is_conditional") and call.status == PRECONDITION_FAILED)
        if call.is_refused and not is_fair:
            findings.strange.append(f"{call.kind} {call.id} was right, and refused: {call.status} {call.code}")
