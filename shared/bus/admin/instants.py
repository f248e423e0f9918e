"""The times by which an operator asks for events."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator

FIRST_YEAR, LAST_YEAR = 1970, 9000
"""Years in between leave room on both sides for what is added to a time, in every zone and database."""


def _understood(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("A time needs its zone, as in 2026-03-14T12:00:00Z")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"A time lies in the years {FIRST_YEAR} to {LAST_YEAR}")
    return at


Instant = Annotated[datetime, AfterValidator(_understood)]
"""A time with a zone, not too far from now to be reckoned with."""
