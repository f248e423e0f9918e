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
    kept = {partition: oldest.get(partition, newest + 1) - 1 for partition, newest in last.items()}
    return {partition: max(number, kept[partition]) for partition, number in counting(numbers, bases, last).items()}


def counting(numbers: Numbers, bases: Numbers | None, last: Numbers) -> dict[int, int]:
    """Up to where the asker's own numbers count here, whatever the outbox still holds."""
    known, cuts = ({}, {}) if bases is None else (numbers, bases)
    counts = {}
    for partition, newest in last.items():
        number = known.get(partition, 0)
        counts[partition] = min(number, cuts.get(partition, number), newest)
    return counts


def gone(numbers: Numbers, counts: Numbers, start: Numbers) -> dict[int, int]:
    """How many events the asker can never get, in the partitions of which it knew something: its window has passed."""
    missed = {partition: start[partition] - counts[partition] for partition in numbers if partition in start}
    return {partition: count for partition, count in missed.items() if count > 0}


def reported(start: Numbers, own: Numbers) -> dict[int, int]:
    """What a question reports as handled. `own` are the asker's numbers where they are of this incarnation: higher
    ones than were ever given show a restore."""
    return {partition: max(number, own.get(partition, 0)) for partition, number in start.items()}
