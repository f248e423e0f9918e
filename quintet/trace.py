"""`quintet trace`: the timeline of one trace, merged from what every service has in its rows and its logs."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from quintet.doors import Doors, Refused, Silent
from quintet.failing import Failed
from quintet.state import State

TRACE_ID = re.compile(r"[0-9a-f]{32}")
COMMON = {"at", "level", "event", "logger", "service", "role", "trace_id", "request_id", "parent_id", "client", "where"}


@dataclass(frozen=True, order=True)
class Moment:
    """One thing that happened: when, in which service and role, what, and what it was about."""

    at: datetime
    where: str
    what: str
    detail: str


def timeline(state: State, trace_id: str, logs: Iterable[str] = ()) -> tuple[list[Moment], list[str]]:
    """Everything recorded of a trace, by time, and the services that did not tell what their rows know.

    `logs` are lines besides those in the system's folder.
    """
    if not TRACE_ID.fullmatch(trace_id):
        raise Failed(f"{trace_id!r} is no trace id: those are 32 hexadecimal digits.")
    rows = from_rows(state, trace_id)
    told = [moment for moments in rows.values() for moment in moments or ()]
    silent = [service for service, moments in rows.items() if moments is None]
    logged = from_logs(chain(_lines(state.path("log")), logs), trace_id)
    return sorted({*logged, *told}), silent


def lines(moments: list[Moment]) -> Iterator[str]:
    """The timeline as text: seconds since its beginning, where, what, about what."""
    for moment in moments:
        offset = (moment.at - moments[0].at).total_seconds()
        yield f"{offset:+9.3f} s  {moment.where:<16} {moment.what:<34} {moment.detail}".rstrip()


def from_logs(lines: Iterable[str], trace_id: str) -> Iterator[Moment]:
    """What lines of JSON logs say of a trace, whatever stands before the JSON; those without any belong to none."""
    for line in lines:
        if trace_id in line and (found := _parsed(line)) and found.get("trace_id") == trace_id:
            yield _logged(found)


def _lines(folder: Path) -> Iterator[str]:
    for file in sorted(folder.glob("*.log*")):
        with file.open(errors="replace") as text:
            yield from text


def from_rows(state: State, trace_id: str) -> dict[str, list[Moment] | None]:
    """What each service's database knows of a trace; None for a service that does not answer."""
    doors = Doors(state)
    return {service: _asked(doors, service, trace_id) for service in doors.services}


def _asked(doors: Doors, service: str, trace_id: str) -> list[Moment] | None:
    try:
        answer = doors.ask(service, "GET", f"/internal/trace/{trace_id}")
    except (Silent, Refused):
        return None
    return [_recorded(service, entry) for entry in answer["entries"]]


def _recorded(service: str, entry: dict[str, Any]) -> Moment:
    return Moment(datetime.fromisoformat(entry["at"]), f"{service} rows", entry["what"], entry["detail"] or "")


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line[line.find("{") :])  # Compose puts a container's name before it
        return found if isinstance(found, dict) and "at" in found else None
    except ValueError:
        return None


def _logged(line: dict[str, Any]) -> Moment:
    where = "gateway" if line.get("service") == "gateway" else f"{line.get('service')} {line.get('role')}"
    if line.get("event") == "request":
        return _request(line, where)
    detail = " ".join(f"{name}={value}" for name, value in line.items() if name not in COMMON and value is not None)
    return Moment(datetime.fromisoformat(line["at"]), where, str(line.get("event")), detail)


def _request(line: dict[str, Any], where: str) -> Moment:
    """A request is logged at its end and belongs where it began."""
    seconds = line.get("seconds", line.get("duration_ms", 0) / 1000)
    began = datetime.fromisoformat(line["at"]) - timedelta(seconds=seconds)
    what = f"{line.get('method')} {line.get('path') or line.get('route')}"
    return Moment(began, where, "request", f"{what} -> {line.get('status')} in {seconds * 1000:.0f} ms")
