"""Instants as an operator types them: a time with its zone, or how long ago."""

import re
from datetime import datetime, timedelta
from typing import Any

import click

UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


class Instant(click.ParamType):
    """`2026-03-14T12:00:00Z`, a local time without a zone, or `90s`, `30min`, `2h`, `1d` ago."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        now = datetime.now().astimezone()
        try:
            if ago := re.fullmatch(r"(\d{1,6})\s*(s|min|h|d)", value):
                return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
            at = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time: say it as 2026-03-14T12:00:00Z, or as 90s, 30min, 2h, 1d ago.")
        return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
