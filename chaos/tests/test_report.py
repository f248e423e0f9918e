"""What is told of a run."""

from collections import Counter

from chaos import report
from chaos.checking import Findings
from chaos.clients.probing import Round, recovery_after
from chaos.conducting import Deed
from chaos.schedule import Fault

ROUNDS = [Round(10.0, 10.2), Round(11.0, 14.0), Round(12.0, 13.0)]
RUN = {
    "seed": 7, "duration": 60.0, "database": "sqlite", "broker": "redis", "disk": "tmpfs filled", "subscribers": 5,
    "connections": 9, "sightings": 100, "rereads": 0,
    "mails": 3, "internal_errors": 1, "unknown_after": {"create: 503": 2}, "settled_after": 2.0,
}  # fmt: skip


def document(findings: Findings) -> dict:
    deeds = [
        Deed(Fault(0, 1.0, "kill", "data"), 9.0, 9.0),
        Deed(Fault(1, 2.0, "stop", "mail", 1.0), 10.0, 10.5),
        Deed(Fault(2, 3.0, "kill", "beat"), skipped="beat does not run"),
    ]
    calls = {"create": Counter(answered=5, refused=1, unknown=2, retried=3)}
    return report.as_document(dict(RUN), deeds, calls, findings, report.recoveries(deeds, ROUNDS))


def test_time_to_recover_ends_when_a_later_probe_was_seen():
    assert recovery_after(9.0, ROUNDS) == 10.2 - 9.0
    assert recovery_after(10.5, ROUNDS) == 13.0 - 10.5  # the first to be seen, not the first to be begun
    assert recovery_after(12.5, ROUNDS) is None


def test_the_report_says_what_was_broken_what_was_called_and_how_it_went():
    text = report.as_text(document(Findings()))
    told = ("seed 7", "Faults made: 2", "beat does not run", "by create: 503: 2")
    for words in (*told, "   0  lost", "Everything held.", "worst 2.5 s"):
        assert words in text
    assert "create              5        1        2        3" in text


def test_the_report_names_what_did_not_hold_and_not_without_end():
    found = document(Findings(lost=[f"write {number}" for number in range(50)]))
    text = report.as_text(found)
    assert not found["held"]
    assert "  50  lost" in text
    assert "lost: write 19" in text
    assert "write 20" not in text
    assert "and 30 more" in text
    assert "NOT everything held." in text
