"""The bus of a whole system in one picture, put together from what each service tells of its own side."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from quintet.showing import age, size, table

Statuses = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """How far a consumer is in one partition of a source: by its own word where it answers, else by its last report."""

    source: str
    partition: int
    given: int
    consumer: str
    number: int
    lag: int
    oldest_unhandled_at: str | None


def places(statuses: Statuses) -> Iterator[Place]:
    """Every consumer's place in every partition of each source that answers."""
    for source, status in statuses.items():
        for report in status["consumers"]:
            number = _own_word(statuses, source, report)
            lag = max(0, report["given"] - number)
            oldest = report["oldest_unhandled_at"] if lag else None
            yield Place(source, report["partition"], report["given"], report["consumer"], number, lag, oldest)


def _own_word(statuses: Statuses, source: str, report: dict[str, Any]) -> int:
    """The number that the consumer itself holds; a report may be half a minute old."""
    for own in statuses.get(report["consumer"], {}).get("positions", ()):
        if (own["source"], own["partition"]) == (source, report["partition"]):
            return own["number"]
    return report["number"]


def lines(statuses: Statuses, *, by_partition: bool) -> Iterator[str]:
    """The picture for people: a table for each kind of thing, left out where there is none."""
    yield from table(("SOURCE", "RELAY", "EVENTS KEPT", "SIZE", "UNTOLD", "OLDEST UNTOLD"), list(_sources(statuses)))
    found = list(places(statuses))
    rows = list(_by_partition(statuses, found) if by_partition else _by_consumer(statuses, found))
    heads = {
        True: ("SOURCE", "PARTITION", "GIVEN", "CONSUMER", "HANDLED", "LAG", "OLDEST UNHANDLED"),
        False: ("SOURCE", "CONSUMER", "GIVEN", "HANDLED", "LAG", "OLDEST UNHANDLED", "REPORTED"),
    }
    yield from _titled(heads[by_partition], rows)
    yield from _titled(("SERVICE", "HANDLER", "WAITING", "PARKED", "OLDEST WAITING"), list(_held(statuses)))
    yield from _titled(("SERVICE", "COMMANDS", "QUEUED", "RUNNING", "OVERDUE", "OLDEST DUE"), list(_commands(statuses)))
    alarms = [(name, one["code"], one["about"], one["detail"]) for name, s in statuses.items() for one in s["alarms"]]
    yield from _titled(("SERVICE", "ALARM", "ABOUT", "WHAT"), alarms)


def _titled(head: tuple[str, ...], rows: list[tuple]) -> Iterator[str]:
    if rows:
        yield ""
        yield from table(head, rows)


def _sources(statuses: Statuses) -> Iterator[tuple]:
    for name, status in statuses.items():
        outbox = status["outbox"]
        leads = "leads" if status["relay"]["leader"] else "nobody"
        untold = outbox["unsent"], age(outbox["oldest_unsent_at"], status["at"])
        yield name, leads, outbox["rows"], size(outbox["bytes"]), *untold


def _by_consumer(statuses: Statuses, found: list[Place]) -> Iterator[tuple]:
    for source, consumer in dict.fromkeys((one.source, one.consumer) for one in found):
        own = [one for one in found if (one.source, one.consumer) == (source, consumer)]
        oldest = min((one.oldest_unhandled_at for one in own if one.oldest_unhandled_at), default=None)
        status = statuses[source]
        reports = [one["reported_at"] for one in status["consumers"] if one["consumer"] == consumer]
        sums = (sum(one.given for one in own), sum(one.number for one in own), sum(one.lag for one in own))
        yield source, consumer, *sums, age(oldest, status["at"]), age(max(reports), status["at"])


def _by_partition(statuses: Statuses, found: list[Place]) -> Iterator[tuple]:
    for one in found:
        oldest = age(one.oldest_unhandled_at, statuses[one.source]["at"])
        yield one.source, one.partition, one.given, one.consumer, one.number, one.lag, oldest


def _held(statuses: Statuses) -> Iterator[tuple]:
    for name, status in statuses.items():
        for one in status["held"]:
            since = age(one["oldest_waiting_at"], status["at"])
            yield name, one["handler"], one["waiting"], one["parked"], since


def _commands(statuses: Statuses) -> Iterator[tuple]:
    for name, status in statuses.items():
        for one in status["commands"]:
            due = age(one["oldest_due_at"], status["at"])
            yield name, one["task"], one["queued"], one["running"], one["overdue"], due
