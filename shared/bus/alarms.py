"""When somebody has to look at a bus: decided from its status alone, and the same wherever it is shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.bus.status import BusStatus

BEHIND_AFTER = timedelta(seconds=90)
"""A consumer reports every 30 s, so what it has handled for longer than that is no longer counted against it."""
SILENT_AFTER = timedelta(minutes=5)
UNSENT_AFTER = timedelta(minutes=1)
OVERDUE_AFTER = timedelta(minutes=2)
WAITING_AFTER = timedelta(minutes=10)
MISSED_FOR = timedelta(days=1)
"""So long events that can't be had any more are an alarm; they stay in the status."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that needs a look: `code` for programs, `about` the consumer, handler or task, `detail` for people."""

    code: str
    about: str
    detail: str


CODES = {
    "nobody_leads": "No process relays the service's events: its bus role does not run.",
    "broker_silent": "The broker is not told of events; consumers read the feed instead, about a second late.",
    "consumer_silent": "A consumer does not report: its bus role does not run, and the outbox is kept for it.",
    "consumer_behind": "A consumer reports, but is behind: its handlers are slow, or fail for a reason that passes.",
    "outbox_held_back": "Events are kept long, or beyond the cap, for a consumer: mend it, or retire one that is gone.",
    "events_missed": "Events were gone before this service asked for them: its own data may lack what they said.",
    "events_parked": "Events were given up by a handler: see why, mend it, replay or drop them.",
    "events_wait_long": "Events wait for a handler that goes on failing.",
    "commands_overdue": "Commands are due and nobody begins them: the tasks role does not run, or is too small.",
}
"""Every alarm that there is, and what it means."""


def alarms(status: BusStatus) -> list[Alarm]:
    """What of the status needs a look; [] when all is well."""
    return [*_of_the_source(status), *_of_consumers(status), *_of_handlers(status), *_of_commands(status)]


def _of_the_source(status: BusStatus) -> Iterator[Alarm]:
    if status.relay.leader is None:
        yield Alarm("nobody_leads", status.service, "nobody holds the relay's lease")
    outbox = status.outbox
    if _is_older(status, outbox.oldest_unsent_at, UNSENT_AFTER):
        yield Alarm("broker_silent", status.service, f"{outbox.unsent} events untold, since {outbox.oldest_unsent_at}")
    for one in status.holding:
        why = "the outbox is above its cap, " if one.is_too_much else ""
        yield Alarm("outbox_held_back", one.consumer, f"{why}{one.events} events not handled since {one.oldest_at}")
    for one in status.missed:
        if not _is_older(status, one.noticed_at, MISSED_FOR):
            detail = f"{one.up_to - one.after} of partition {one.partition}, noticed at {one.noticed_at}"
            yield Alarm("events_missed", one.source, detail)


def _of_consumers(status: BusStatus) -> Iterator[Alarm]:
    by_name: dict[str, list] = {}
    for one in status.consumers:
        by_name.setdefault(one.consumer, []).append(one)
    for name, partitions in by_name.items():
        reported = max(one.reported_at for one in partitions)
        if _is_older(status, reported, SILENT_AFTER):
            yield Alarm("consumer_silent", name, f"last heard of at {reported}")
            continue
        oldest = min((one.oldest_unhandled_at for one in partitions if one.oldest_unhandled_at), default=None)
        if _is_older(status, oldest, BEHIND_AFTER):
            lag = sum(one.lag for one in partitions)
            yield Alarm("consumer_behind", name, f"{lag} events behind, the oldest of {oldest}")


def _of_handlers(status: BusStatus) -> Iterator[Alarm]:
    for one in status.held:
        if one.parked:
            yield Alarm("events_parked", one.handler, f"{one.parked} parked, the oldest since {one.oldest_parked_at}")
        if _is_older(status, one.oldest_waiting_at, WAITING_AFTER):
            detail = f"{one.waiting} wait, the oldest since {one.oldest_waiting_at}"
            yield Alarm("events_wait_long", one.handler, detail)


def _of_commands(status: BusStatus) -> Iterator[Alarm]:
    for one in status.commands:
        if one.overdue and _is_older(status, one.oldest_due_at, OVERDUE_AFTER):
            yield Alarm("commands_overdue", one.task, f"{one.overdue} overdue, the oldest since {one.oldest_due_at}")


def _is_older(status: BusStatus, at: datetime | None, than: timedelta) -> bool:
    return at is not None and status.at - at > than
