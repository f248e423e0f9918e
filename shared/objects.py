"""The object store: a folder of immutable objects whose names are generated here, never a client's."""

import hashlib
import os
import re
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple
from uuid import uuid4

KEY = re.compile(r"[a-z]{1,20}/[0-9a-f]{2}/[0-9a-f]{32}")
AREA = re.compile(r"[a-z]{1,20}")
CHUNK = 256 * 1024
INCOMING = ".incoming"


class KeyRefused(ValueError):
    """A key that this store never gave."""


class ObjectTooLarge(ValueError):
    """The content goes past the limit it was put under; nothing of it is kept."""


class StoredObject(NamedTuple):
    """What was put: its key, size in bytes and SHA-256 in hexadecimal."""

    key: str
    size: int
    sha256: str


class ObjectStore:
    """Objects under one folder. A key, `<area>/<two hex digits>/<32 hex digits>`, is also the path below the folder."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)

    def put(self, content: bytes | BinaryIO, *, area: str = "files", limit: int | None = None) -> StoredObject:
        """Keeps the content under a new key: whole and safe on the disk, or not there at all."""
        if not AREA.fullmatch(area):
            raise KeyRefused(f"{area!r} can't be an area of the object store.")
        name = uuid4().hex
        key = f"{area}/{name[-2:]}/{name}"
        incoming = self._folder(INCOMING) / name
        try:
            size, digest = _write(incoming, BytesIO(content) if isinstance(content, bytes) else content, limit)
            target = self._folder(str(Path(key).parent)) / name
            incoming.rename(target)
            sync_folder(target.parent)
        finally:
            incoming.unlink(missing_ok=True)
        return StoredObject(key, size, digest)

    def path(self, key: str) -> Path:
        """Where the object of a key lies or would lie; KeyRefused for what is no key."""
        if not KEY.fullmatch(key):
            raise KeyRefused("That is no key of the object store.")
        return self.folder / key

    def open(self, key: str) -> BinaryIO:
        """The object's content, to read; FileNotFoundError where there is none."""
        return self.path(key).open("rb")

    def delete(self, key: str) -> None:
        """Removes the object; one that is gone already is no error."""
        self.path(key).unlink(missing_ok=True)

    def older_than(self, seconds: float, *, area: str) -> Iterator[str]:
        """The keys of an area whose objects were put more than so many seconds ago."""
        latest = time.time() - seconds
        for path in (self.folder / area).glob("??/*"):
            if KEY.fullmatch(key := f"{area}/{path.parent.name}/{path.name}") and path.stat().st_mtime < latest:
                yield key

    def discard_incoming(self, seconds: float) -> int:
        """Removes what writers that died left half-written for so long; returns how many."""
        latest = time.time() - seconds
        stale = [path for path in (self.folder / INCOMING).glob("*") if path.stat().st_mtime < latest]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        if not folder.is_dir():
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            sync_folder(folder.parent)
            sync_folder(folder.parent.parent)
        return folder


def _write(path: Path, source: BinaryIO, limit: int | None) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with path.open("xb") as file:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if limit is not None and size > limit:
                raise ObjectTooLarge(f"The content is larger than {limit} bytes.")
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fchmod(file.fileno(), 0o644)  # the gateway's workers may be another user
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Makes names in a folder survive a power cut, not only the bytes behind them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
