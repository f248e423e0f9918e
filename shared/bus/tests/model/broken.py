"""Each rule of the protocol left out: its decision replaced by a broken twin, or a step's order not kept."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from shared.bus.consuming.watch import SourceWatch
from shared.bus.decisions import answers, following, numbers, queueing, replaying, retention, tenure
from shared.bus.tests.model.faults import BACKUPS, FAULTS, REPLAYS, RESTORES
from shared.bus.tests.model.world import World

SAME_LOG = numbers.is_same_log
START, PASSED, MAY_GO, GO_ON = answers.start, retention.passed, retention.may_go, replaying.go_on


@dataclass(frozen=True)
class Rule:
    """What is changed to leave a rule out: something of a module or class.

    With these faults, from the `first` seed on, a run soon shows why the rule is there.
    """

    owner: Any
    name: str
    twin: Any
    faults: Mapping = field(default_factory=lambda: FAULTS)
    first: int = 0
    also: "Rule | None" = None
    """Another that stands in for this one, and must be left out as well."""

    @contextmanager
    def left_out(self) -> Iterator[None]:
        """The model plays without the rule."""
        with patch.object(self.owner, self.name, self.twin), self.also.left_out() if self.also else nullcontext():
            yield


def order(name: str, **choices) -> Rule:
    """A rule about the order of steps."""
    return Rule(World, "left_out", frozenset({name}), **choices)


def follow_over_gaps(position, run):
    return [entry for entry in run if position and entry.number > position.number], position is None


def follow_any_incarnation(position, run):
    entries, expected = [], position.number + 1 if position else 0
    for entry in run:
        if position and entry.number == expected:
            entries.append(entry)
            expected += 1
    return entries, True


def tried_though_not_the_eldest(waiting, now):
    return [id_ for id_, _, _, run_at in waiting if run_at <= now]


def start_at_what_is_gone(own, bases, last, oldest):
    return START(own, bases, last, {})


def start_as_if_nothing_were_void(own, bases, last, oldest):
    return START(own, {} if bases is not None else None, last, oldest)


def passed_as_if_nothing_were_void(reports, bases):
    return PASSED(reports, {incarnation: {} for incarnation in bases})


def go_without_reports(**row) -> bool:
    return MAY_GO(**{**row, "passed": None})


def go_on_for_ever(number, last, *, start, newest):
    return start, last, 0


def is_same_log_of_any_name(before, given, after, own, current):
    return SAME_LOG(before, given, after, own=own, current=own)


VOID_REPORTS_COUNT = Rule(retention, "passed", passed_as_if_nothing_were_void)
"""Needed, but no random run comes upon why within a reasonable time."""


def go_before_told(**row) -> bool:
    return MAY_GO(**{**row, "is_sent": True})


def go_before_the_window(**row) -> bool:
    return MAY_GO(**{**row, "is_too_much": True})


OWN_INCARNATION = Rule(numbers, "is_same_log", is_same_log_of_any_name)

NEEDED: Mapping[str, Rule] = {
    "a position moves by compare-and-set": Rule(following, "may_move", lambda stored, expected: True),
    "what follows without a gap is handled": Rule(following, "follow", follow_over_gaps),
    "only the position's incarnation is followed": Rule(following, "follow", follow_any_incarnation),
    "a lease is its holder's until it ends": Rule(tenure, "may_take", lambda holder, until, me, now: holder != me),
    "a relay numbers under its own generation, in its own incarnation": Rule(
        tenure, "is_mine", lambda held, mine: True, first=18, also=OWN_INCARNATION
    ),
    "a relay knows the log that it numbers": Rule(
        numbers, "is_same_log", lambda before, given, after, own, current: True, first=12
    ),
    "every relay begins an incarnation": order("an incarnation each", faults=RESTORES),
    "the feed is asked": Rule(SourceWatch, "is_due", lambda watch, known: not known),
    "an answer ends at the numbers read first": order("numbers first"),
    "a sequence is drawn under the key's lock": order("flush first"),
    "an event queues behind those that wait": Rule(queueing, "must_queue", lambda handler, key, queues: False),
    "the eldest of a key is tried first": Rule(queueing, "due", tried_though_not_the_eldest),
    "an attempt is made on the row that was counted": Rule(
        queueing, "may_run", lambda stored, counted: stored is not None, first=61_309
    ),
    "what always fails is parked": Rule(queueing, "may_try", lambda attempts: True),
    "what kills the process is parked": Rule(queueing, "may_start", lambda starts: True),
    "a start is counted before it is made": order("count the start first"),
    "an attempt is counted before it is made": order("count the attempt first"),
    "rows stay until they are reported": Rule(retention, "may_go", go_without_reports),
    "rows stay for the window": Rule(retention, "may_go", go_before_the_window, faults=BACKUPS, first=708),
    "a consumer goes on past what is gone": Rule(answers, "start", start_at_what_is_gone),
    "numbers beyond an incarnation's base are void": Rule(answers, "start", start_as_if_nothing_were_void, first=12),
    "a consumer follows its source": Rule(following, "must_adopt", lambda position, incarnation, start: not position),
    "a consumer goes back to what both know": Rule(following, "step_back", lambda partition, number, earlier: ("", 0)),
    "a replay's cursor moves by compare-and-set": Rule(replaying, "may_move", lambda stored, expected: True),
    "a replay ends where its source does": Rule(replaying, "go_on", go_on_for_ever),
    "a replay that can't find back is given up": order("give up", faults=REPLAYS),
}
"""Without any of these something is lost, doubled or out of order."""


COMFORT: Mapping[str, Rule] = {
    "a relay numbers under its own generation": Rule(tenure, "is_mine", lambda held, mine: True),
    "a replay stays where its service is": Rule(replaying, "may_follow", lambda incarnation, followed: True),
    "rows stay until they are sent": Rule(retention, "may_go", go_before_told),
    "a question that knows too much revokes the lease": Rule(numbers, "was_restored", lambda assigned, known: False),
    "a contradicted relay tells again": Rule(numbers, "doubtful", lambda began, known, assigned: dict(assigned)),
}
"""Without any of these nothing is lost here. The name of the incarnation stands in for the generation; the second has
fewer replays given up; the third is for readers that report nothing; the others narrow what can't be promised, a
machine put back to a snapshot with its memory."""
