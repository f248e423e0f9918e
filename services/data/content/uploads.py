"""Takes a client's file into the object store, checked while it streams by."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from services.data.content.sniffing import HEAD, check_content
from services.data.errors import FileEmpty, FileTooLarge
from shared.database.errors import is_passing
from shared.objects import ObjectStore, ObjectTooLarge, StoredObject


class Peeked:
    """A stream whose first bytes have been looked at and are read all the same."""

    def __init__(self, stream: BinaryIO):
        self.stream, self.head = stream, b""
        while len(self.head) < HEAD and (more := stream.read(HEAD - len(self.head))):
            self.head += more
        self._unread = self.head

    def read(self, size: int) -> bytes:
        if self._unread:
            first, self._unread = self._unread[:size], self._unread[size:]
            return first
        return self.stream.read(size)


@contextmanager
def taken(store: ObjectStore, stream: BinaryIO, *, type_: str, area: str, limit: int) -> Iterator[StoredObject]:
    """The stored content within the block; a block that fails leaves no object behind.

    Where the database went away, nobody knows whether a row names it now: housekeeping will see.
    """
    peeked = Peeked(stream)
    if not peeked.head:
        raise FileEmpty
    check_content(type_, peeked.head)
    try:
        stored = store.put(peeked, area=area, limit=limit)
    except ObjectTooLarge as error:
        raise FileTooLarge(f"A file has at most {limit} bytes.") from error
    try:
        yield stored
    except BaseException as error:
        if not is_passing(error):
            store.delete(stored.key)
        raise
