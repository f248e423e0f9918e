"""Draining: an instance that shall end says so in its readiness first, goes on answering, and then ends.

One byte of memory that a server's parent shares with the workers that it forked after this module was imported.
"""

import mmap

_flag = mmap.mmap(-1, 1)


def begin() -> None:
    """From now on every process that shares the flag is draining."""
    _flag[0] = 1


def has_begun() -> bool:
    """Whether this instance is about to end; costs a memory access."""
    return _flag[0] == 1
