"""A clock that all but stands: what a busy machine has a test wait for runs nothing out."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from shared import clock


@contextmanager
def standing(later: timedelta = timedelta(0)) -> Iterator[None]:
    """Within it no lease ends and no pause is over, though it is `later` than outside.

    Each look is a microsecond after the one before, so that no two instants are the same.
    """
    begun, looks = clock.now() + later, itertools.count(1)
    with clock.told_by(lambda: begun + timedelta(microseconds=next(looks))):
        yield
