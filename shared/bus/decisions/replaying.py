"""A replay's place in one partition: where it begins, how far a look goes, where it ends."""

SPAN = 10_000
"""So many numbers are looked through for one question, however few of them match."""


def look(number: int, last: int) -> int:
    """Up to which number one question about a range looks."""
    return min(number + SPAN, last)


def reached(number: int, last: int, found: list[int], limit: int) -> int:
    """How far a question came: to the end of the look, or to the last row found where the answer was full."""
    return found[-1] if len(found) >= limit else max(number, look(number, last))


def go_on(number: int, last: int, *, start: int, newest: int) -> tuple[int, int, int]:
    """Where a cursor stands once the source has answered: (number, last, how many events are gone for good).

    `start` is where its number counts in the source's incarnation, `newest` the last number given there: a database put
    back cuts both, and what the window no longer holds is passed. Before its first event a replay misses nothing:
    it reaches back as far as the window does.
    """
    end = min(last, newest)
    gone = max(0, min(start, end) - number) if number > 0 else 0
    return start, end, gone


def may_follow(incarnation: str, followed: str | None) -> bool:
    """Whether a replay goes on in the source's incarnation: only where the service itself has followed the source to
    it, so that both find the same way back when the source is put back to before it."""
    return incarnation == followed


def may_move(stored: tuple[str, int] | None, expected: tuple[str, int]) -> bool:
    """Compare-and-set: whether a cursor, (incarnation, number), is where this process left it."""
    return stored == expected


def is_over(number: int, last: int) -> bool:
    """Whether a partition has been replayed."""
    return number >= last
