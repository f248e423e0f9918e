"""Offsets: an event's own number, as clients keep it and give it back."""

import re
from dataclasses import dataclass

from services.realtime.errors import OffsetInvalid

_FORM = re.compile(r"([A-Za-z0-9-]{1,64}):(\d{1,4}):(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Offset:
    """Everything up to this number of the partition, of this incarnation of the source, has been looked at."""

    incarnation: str
    partition: int
    number: int

    def __str__(self) -> str:
        return f"{self.incarnation}:{self.partition}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> "Offset":
        """The offset that the text says; OffsetInvalid where it says none."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise OffsetInvalid()
        return cls(found[1], int(found[2]), int(found[3]))
