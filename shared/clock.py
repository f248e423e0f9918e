"""The one place that says what time it is: aware UTC, and replaceable in tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system_time


def now() -> datetime:
    """The present instant, aware UTC."""
    return _source()


@contextmanager
def told_by(source: Callable[[], datetime]) -> Iterator[None]:
    """Within the block, in every thread, `now()` answers what `source` says."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before
