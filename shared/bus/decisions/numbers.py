"""The source's numbers: which committed events get which, what is told to the broker, when they start anew."""

from collections.abc import Iterable, Mapping


def give(
    unnumbered: Iterable[tuple[int, int]], assigned: Mapping[int, int], count: int
) -> tuple[dict[int, int], dict[int, int]]:
    """The numbers of the first `count` committed rows (sequence, partition), and the last number of each partition.

    In sequence order and dense within a partition: a missing number always means a missing event.
    """
    numbers, last = {}, dict(assigned)
    for seq, partition in sorted(unnumbered)[:count]:
        if partition in last:
            numbers[seq] = last[partition] = last[partition] + 1
    return numbers, last


def to_send(unsent: Iterable[tuple[int, int, int]], count: int) -> list[int]:
    """Which of the numbered rows (partition, number, sequence) are told next: in order of number in each partition."""
    return [seq for _, _, seq in sorted(unsent)[:count]]


def was_restored(assigned: Mapping[int, int], known: Iterable[tuple[int, int]]) -> bool:
    """Whether somebody knows higher numbers, (partition, number), than were given: the database is an older one."""
    return any(number > assigned.get(partition, 0) for partition, number in known)


def bases(assigned: Mapping[int, int]) -> dict[int, int]:
    """Where a new incarnation begins: numbers go on from here, higher ones given before are void."""
    return dict(assigned)
