"""The source's answers: from where on the asker's numbers count, and what its question reports."""

from collections.abc import Iterable, Mapping

Numbers = Mapping[int, int]


def bases_since(history: Iterable[tuple[int, str, int, int]], incarnation: str | None) -> dict[int, int] | None:
    """Up to which number each partition of an older incarnation still counts; None when it is unknown.

    `history` are rows (ordinal, incarnation, partition, base).
    """
    rows = list(history)
    ordinal = next((ordinal for ordinal, name, _, _ in rows if name == incarnation), None)
    if ordinal is None:
        return None
    bases: dict[int, int] = {}
    for later, _, partition, base in rows:
        if later > ordinal:
            bases[partition] = min(base, bases.get(partition, base))
    return bases


def start(numbers: Numbers, bases: Numbers | None, last: Numbers, oldest: Numbers) -> dict[int, int]:
    """Where the asker goes on: its own numbers, cut back where an older incarnation's were void, raised past what is
    gone from the outbox.

    `bases` are those since the asker's incarnation: {} for the current one, None for one that nobody knows; `last` the
    numbers given last, `oldest` the lowest still in the outbox.
    """
    known = {} if bases is None else numbers
    bases = bases or {}
    begin = {}
    for partition, newest in last.items():
        number = known.get(partition, 0)
        begin[partition] = max(
            min(number, bases.get(partition, number), newest), oldest.get(partition, newest + 1) - 1
        )
    return begin


def reported(start: Numbers, own: Numbers) -> dict[int, int]:
    """What a question reports as handled. `own` are the asker's numbers where they are of this incarnation: higher
    ones than were ever given show a restore."""
    return {partition: max(number, own.get(partition, 0)) for partition, number in start.items()}


def is_late(stored: tuple[str, int] | None, report: tuple[str, int]) -> bool:
    """Whether a report, (incarnation, number), was overtaken by a later one and must not take its place."""
    return stored is not None and stored[0] == report[0] and stored[1] > report[1]
