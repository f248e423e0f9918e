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


def rfc3339(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC with six decimals, so that texts sort as times do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@contextmanager
def told_by(source: Callable[[], datetime]) -> Iterator[None]:
    """Within the block, in every thread, `now()` answers what `source` says."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before
