"""Keeping: which outbox rows nobody needs any more."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta


def passed(reports: Iterable[tuple[int, str, int]], bases: Mapping[str, Mapping[int, int] | None]) -> dict[int, int]:
    """Up to which number every consumer has reported, per partition; a partition that nobody reported is missing.

    `reports` are rows (partition, incarnation, number); `bases` those since each incarnation, as for an answer: what a
    consumer handled of an incarnation that is past counts only as far as it is not void, of an unknown one not at all.
    """
    least: dict[int, int] = {}
    for partition, incarnation, number in reports:
        since = bases.get(incarnation)
        counts = 0 if since is None else min(number, since.get(partition, number))
        least[partition] = min(counts, least.get(partition, counts))
    return least


def may_go(
    *,
    number: int | None,
    is_sent: bool,
    created_at: datetime,
    before: datetime,
    passed: int | None,
    is_too_much: bool = False,
) -> bool:
    """Whether a row is told, handled by all who report (up to `passed`; None: nobody does), and out of the window;
    where the outbox holds too much, before the window ends."""
    if number is None or not is_sent or (passed is not None and number > passed):
        return False
    return is_too_much or created_at < before


Row = tuple[int, bool, datetime, int]
"""(number, is_sent, created_at, bytes) of an outbox row."""


def going(rows: Iterable[Row], *, before: datetime, passed: int | None, excess: int) -> tuple[int | None, int]:
    """Of a partition's eldest rows by number: up to which they go (None: none does), and their bytes.

    They go from the eldest on and never past one that stays: a hole in what is kept could not be told from a lost
    event. `excess` are the bytes above the cap, of which this partition is to give.
    """
    last, size = None, 0
    for number, is_sent, created_at, length in rows:
        is_too_much = size < excess
        if not may_go(
            number=number, is_sent=is_sent, created_at=created_at, before=before, passed=passed, is_too_much=is_too_much
        ):
            break
        last, size = number, size + length
    return last, size


def holds_back(*, oldest_at: datetime | None, now: datetime, alarm_after: timedelta, is_too_much: bool) -> bool:
    """Whether somebody has to look at a consumer that has not handled an event of `oldest_at`: it has waited long, or
    the outbox can't come under its cap for it."""
    return oldest_at is not None and (is_too_much or now - oldest_at > alarm_after)


def forgotten(newest: int, kept: int, reported: int | None) -> int:
    """Below which ordinal incarnations are forgotten: all but the newest `kept`, and none that a report names."""
    return min(newest - kept + 1, newest if reported is None else reported)
