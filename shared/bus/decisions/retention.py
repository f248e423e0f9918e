"""Keeping: which outbox rows nobody needs any more."""

from collections.abc import Iterable, Mapping
from datetime import datetime


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
    *, number: int | None, is_sent: bool, created_at: datetime, before: datetime, passed: int | None
) -> bool:
    """Whether a row is told, out of the window, and handled by all who report (up to `passed`; None: nobody does)."""
    return number is not None and is_sent and created_at < before and (passed is None or number <= passed)
