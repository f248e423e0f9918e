"""Files that are whole or not there, and private from their first byte."""

import fcntl
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quintet.failing import Failed


def write(path: Path, text: str, *, mode: int = 0o600) -> bool:
    """Puts `text` at `path`, replacing it in one step; False when it was there already."""
    if path.exists() and path.read_text() == text and path.stat().st_mode & 0o777 == mode:
        return False
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w") as file:
        file.write(text)
    fresh.chmod(mode)
    fresh.replace(path)
    return True


def let_all_read(path: Path) -> None:
    """Adds what a checkout under a narrow umask has not: a container's user is not its owner."""
    mode = path.stat().st_mode & 0o777
    if mode | 0o444 != mode:
        path.chmod(mode | 0o444)


@contextmanager
def locked(path: Path, refusal: str) -> Iterator[None]:
    """Alone at a file or folder among all who lock it so; Failed with `refusal` where another holds it."""
    held = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(refusal) from None
        yield
    finally:
        os.close(held)


def can_enter(user: str, folder: Path) -> bool:
    """Whether `user` may pass every folder down to and with `folder`."""
    entry = pwd.getpwnam(user)
    return all(_lets_in(step, entry) for step in [folder, *folder.parents])


def _lets_in(folder: Path, entry: pwd.struct_passwd) -> bool:
    if entry.pw_uid == 0:
        return True
    found = folder.stat()
    if found.st_uid == entry.pw_uid:
        return bool(found.st_mode & 0o100)
    return bool(found.st_mode & (0o010 if found.st_gid == entry.pw_gid else 0o001))
