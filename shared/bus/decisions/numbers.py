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


def is_same_log(
    before: Mapping[int, int], given: int, after: Mapping[int, int], *, own: str, current: str | None
) -> bool:
    """Whether the incarnation is this relay's `own` and the numbers went on from where it left them; else the database
    was put back under it."""
    return own == current and sum(after.values()) - given == sum(before.values())


def doubtful(began: Mapping[int, int], known: Mapping[int, int], assigned: Mapping[int, int]) -> dict[int, int]:
    """Where the incarnation begins that follows a contradicted one.

    `known` are the last numbers that the relay itself remembers. Where the database has lower ones, it was put back
    since: it is right as it stands. Else the relay went back with it and may have given numbers twice; which, nobody
    knows, so that all since the incarnation `began` is told again: rather twice than never.
    """
    if any(number > assigned.get(partition, 0) for partition, number in known.items()):
        return dict(assigned)
    return dict(began)
