"""How the operator's commands show what they found: tables for people, JSON for programs."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click


def say_silent(services: Iterable[str], what_is_missing: str) -> None:
    """Says which services do not answer, and so what is not shown."""
    for service in services:
        click.secho(f"{service} does not answer: {what_is_missing}", fg="yellow", err=True)


def say_json(document: Any) -> None:
    """One document on a line of its own."""
    click.echo(json.dumps(document, ensure_ascii=False))


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Lines of columns as wide as they must be; numbers stand to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[at]) for line in [head, *texts]) for at in range(len(head))]
    is_number = [bool(rows) and all(isinstance(row[at], int | float) for row in rows) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [c.rjust(w) if n else c.ljust(w) for c, w, n in zip(cells, widths, is_number, strict=True)]
        return "  ".join(padded).rstrip()

    return [line(head), *map(line, texts)]


def age(at: str | None, now: str) -> str:
    """How long ago something was, in one unit: `3 s`, `12 min`, `5 h`; `-` for never."""
    if at is None:
        return "-"
    seconds = max(0.0, (datetime.fromisoformat(now) - datetime.fromisoformat(at)).total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def size(count: int) -> str:
    """So many bytes in one unit: `312 B`, `31 kB`, `1.5 MB`, `2.0 GB`; thousands, as tools for disks count them."""
    for unit, least, digits in (("GB", 10**9, 1), ("MB", 10**6, 1), ("kB", 10**3, 0)):
        if count >= least:
            return f"{count / least:.{digits}f} {unit}"
    return f"{count} B"
