"""Turns measured times into figures and shows them."""

import os
import platform
import sys
from collections.abc import Iterable, Sequence


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which `part` (0 to 1) of the values lie; they must be sorted."""
    return values[min(len(values) - 1, int(len(values) * part))]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def p50_p99(times: Iterable[float]) -> tuple[str, str]:
    """The median and the 99th percentile of times in seconds, in milliseconds."""
    ordered = sorted(times)
    if not ordered:
        return "-", "-"
    return milliseconds(percentile(ordered, 0.5)), milliseconds(percentile(ordered, 0.99))


def low_mid_high(values: Iterable[float]) -> str:
    """The least, the median and the highest of some rates."""
    ordered = sorted(values)
    return ", ".join(f"{value:.0f}" for value in (ordered[0], ordered[len(ordered) // 2], ordered[-1]))


COMPARED = ["a second (min, median, max)", "bare", "share, each round", "median", "CPU µs for one", "bare"]
"""The heads above what `compared` gives."""


def compared(ours: Sequence, bare: Sequence) -> list[str]:
    """Rates that were measured in turn, the first as a share of the second in each round, and the CPU for one."""
    shares = [100 * one.per_second / other.per_second for one, other in zip(ours, bare, strict=True)]
    rates = [low_mid_high(rate.per_second for rate in of) for of in (ours, bare)]
    cpu = [f"{percentile(sorted(rate.cpu_us for rate in of), 0.5):.0f}" for of in (ours, bare)]
    return [*rates, " ".join(f"{share:.0f} %" for share in shares), f"{percentile(sorted(shares), 0.5):.0f} %", *cpu]


def show(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a table that can be pasted into docs/performance.md."""
    print(f"\n{title} ({machine()})\n")
    for cells in (heads, ["---"] * len(heads), *rows):
        print("| " + " | ".join(str(cell) for cell in cells) + " |")


def machine() -> str:
    return f"{os.cpu_count()} cores, Python {platform.python_version()}"


def progress(words: str) -> None:
    """Says on standard error what happens now."""
    print(f"… {words}", file=sys.stderr, flush=True)
