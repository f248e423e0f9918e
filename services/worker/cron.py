"""Cron expressions of five fields, in UTC: when is the next time after a given one?"""

from datetime import datetime, timedelta
from typing import NamedTuple

RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
HORIZON_DAYS = 366 * 8


class Cron(NamedTuple):
    """The allowed values of each field; days match as cron does: either field where both are narrowed."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either_day: bool

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Understands `*`, `a`, `a-b`, `*/n`, `a-b/n` and commas; raises ValueError on anything else."""
        fields = text.split()
        if len(fields) != len(RANGES):
            raise ValueError(f"A cron expression has five fields: {text!r}")
        sets = [_values(field, *bounds) for field, bounds in zip(fields, RANGES, strict=True)]
        weekdays = frozenset(day % 7 for day in sets[4])
        return cls(*sets[:4], weekdays, not fields[2].startswith("*") and not fields[4].startswith("*"))

    def next_after(self, moment: datetime) -> datetime:
        """The first matching minute that is later than `moment`; ValueError where there is none."""
        start = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        midnight = start.replace(hour=0, minute=0)
        for day in range(HORIZON_DAYS):
            date = midnight + timedelta(days=day)
            if self._has_day(date):
                for time in self._times(date):
                    if time >= start:
                        return time
        raise ValueError("The cron expression names no day that exists")

    def _has_day(self, date: datetime) -> bool:
        in_month, in_week = date.day in self.days, date.isoweekday() % 7 in self.weekdays
        return date.month in self.months and (in_month or in_week if self.is_either_day else in_month and in_week)

    def _times(self, date: datetime) -> list[datetime]:
        return [date.replace(hour=h, minute=m) for h in sorted(self.hours) for m in sorted(self.minutes)]


def _values(field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = (str(low), "-", str(high)) if span == "*" else span.partition("-")
        begin = int(first)
        end = int(last) if dash else (high if slash else begin)
        stride = int(step) if slash else 1
        if not (low <= begin <= end <= high and stride > 0):
            raise ValueError(f"The cron field {field!r} is out of range")
        found.update(range(begin, end + 1, stride))
    return frozenset(found)
