"""The report of a run: as JSON, and as the text that a person reads."""

from collections import Counter
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from chaos.checking import Findings
from chaos.clients.probing import Round, recovery_after
from chaos.conducting import Deed

SHOWN = 20
TITLES = {
    "lost": "lost", "doubled": "doubled", "misordered": "out of order",
    "strange": "not as it was written or allowed", "unsettled": "not settled in time",
}  # fmt: skip


@dataclass
class Recovery:
    """How long a fault was felt: from its end until a probe that was begun later had gone all the way."""

    fault: str
    seconds: float


def recoveries(deeds: list[Deed], rounds: list[Round]) -> list[Recovery]:
    """One for each fault that was made; faults that overlap are felt together."""
    found = [(str(deed.fault), recovery_after(deed.ended, rounds)) for deed in deeds if deed.ended]
    return [Recovery(fault, seconds) for fault, seconds in found if seconds is not None]


def as_document(
    run: dict[str, Any], deeds: list[Deed], calls: dict[str, Counter], findings: Findings, found: list[Recovery]
) -> dict[str, Any]:
    """All of a run that is worth keeping."""
    made = [deed for deed in deeds if deed.ended]
    worst = max(found, key=lambda one: one.seconds, default=None)
    return {
        **run,
        "held": findings.is_clean,
        "faults": dict(Counter(deed.fault.kind for deed in made)),
        "skipped": {str(deed.fault): deed.skipped for deed in deeds if not deed.ended},
        "calls": {kind: dict(counts) for kind, counts in sorted(calls.items())},
        "findings": {name: getattr(findings, name) for name in TITLES},
        "mails_again": findings.mails_again,
        "recovery": {
            "median": round(median(one.seconds for one in found), 2) if found else None,
            "worst": round(worst.seconds, 2) if worst else None,
            "worst_after": worst.fault if worst else None,
        },
        "schedule": [asdict(deed.fault) | {"began": deed.began, "ended": deed.ended} for deed in deeds],
    }


def as_text(document: dict[str, Any]) -> str:
    """The report as it is shown."""
    faults, skipped, recovery = document["faults"], document["skipped"], document["recovery"]
    lines = [
        "Chaos, seed {seed}: {duration:g} s on {database} and {broker}".format(**document),
        "",
        f"Faults made: {sum(faults.values())}",
        *(f"  {count:4}  {kind}" for kind, count in sorted(faults.items(), key=lambda item: -item[1])),
        *([f"Not made: {len(skipped)}", *(f"  {fault}: {why}" for fault, why in skipped.items())] if skipped else []),
        "",
        f"{'Calls':<12}{'answered':>9}{'refused':>9}{'unknown':>9}{'retried':>9}",
        *(_row(kind, counts) for kind, counts in document["calls"].items()),
        *(f"  left unknown by {what}: {count}" for what, count in sorted(document["unknown_after"].items())),
        f"Answers with status 500, which no fault should cause: {document['internal_errors']}",
        "",
        f"Subscribers: {document['subscribers']}, connected {document['connections']} times, "
        f"told {document['sightings']} changes, {document['rereads']} times to read anew",
        f"Mails: {document['mails']}, of which {document['mails_again']} came again under the same Message-ID",
        "",
        *_findings(document["findings"]),
        "",
        f"Recovery: median {_seconds(recovery['median'])}, worst {_seconds(recovery['worst'])}"
        + (f" (after {recovery['worst_after']})" if recovery["worst_after"] else ""),
        f"All settled {_seconds(document['settled_after'])} after the last call",
        "",
        "Everything held." if document["held"] else "NOT everything held.",
    ]
    return "\n".join(lines)


def _row(kind: str, counts: dict[str, int]) -> str:
    numbers = "".join(f"{counts.get(name, 0):>9}" for name in ("answered", "refused", "unknown", "retried"))
    return f"{kind:<12}{numbers}"


def _findings(found: dict[str, list[str]]) -> list[str]:
    lines = [f"{len(found[name]):4}  {title}" for name, title in TITLES.items()]
    for name, title in TITLES.items():
        lines += [f"  {title}: {what}" for what in found[name][:SHOWN]]
        if len(found[name]) > SHOWN:
            lines.append(f"  {title}: and {len(found[name]) - SHOWN} more")
    return lines


def _seconds(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.1f} s"
