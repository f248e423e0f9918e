"""Cursors: how far a reader is in each source's events, as an opaque text that it keeps and gives back."""

from dataclasses import dataclass, field

from shared.web import decode_cursor, encode_cursor
from shared.web.pages import InvalidCursor

LONGEST = 8_000
MOST_SOURCES, MOST_PARTITIONS = 100, 256


@dataclass(frozen=True, slots=True)
class Place:
    """The numbers read of one source, under its incarnation; None before anything was read."""

    incarnation: str | None = None
    numbers: dict[int, int] = field(default_factory=dict)

    def moved(self, incarnation: str, numbers: dict[int, int]) -> "Place":
        """Further on, in some partitions."""
        return Place(incarnation, {**self.numbers, **numbers})


Cursor = dict[str, Place]


def written(cursor: Cursor) -> str:
    """The cursor as its reader keeps it."""
    return encode_cursor(
        *([name, at.incarnation, [[p, n] for p, n in sorted(at.numbers.items()) if n]] for name, at in cursor.items())
    )


def read(text: str) -> Cursor:
    """The cursor that a text says; InvalidCursor where it says none."""
    if len(text) > LONGEST:
        raise InvalidCursor
    places = decode_cursor(text)
    if len(places) > MOST_SOURCES:
        raise InvalidCursor
    return dict(_place(one) for one in places)


def _place(one) -> tuple[str, Place]:
    match one:
        case [str(name), str() | None as incarnation, list(numbers)]:
            pass
        case _:
            raise InvalidCursor
    if len(name) > 60 or len(incarnation or "") > 64:
        raise InvalidCursor
    if len(numbers) > MOST_PARTITIONS or not all(_is_number(pair) for pair in numbers):
        raise InvalidCursor
    return name, Place(incarnation, dict(map(tuple, numbers)))


def _is_number(pair) -> bool:
    match pair:
        case [int(partition), int(number)] if not isinstance(partition, bool) and not isinstance(number, bool):
            return 0 <= partition < MOST_PARTITIONS and 0 <= number < 2**62
    return False
