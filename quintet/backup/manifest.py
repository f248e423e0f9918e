"""What an archive says of itself: its databases row by row in sums, and every file of it by its SHA-256."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from quintet.failing import Failed

KEY = re.compile(rb"\b[a-z]{1,20}/[0-9a-f]{2}/[0-9a-f]{32}\b")
"""A key of the object store, wherever in a row it stands."""

FORMAT = 1
BLOCK = 1024 * 1024


class TableSum(BaseModel):
    """How many rows a table has, and a checksum that does not depend on their order."""

    rows: int
    checksum: str


class DatabaseCopy(BaseModel):
    """One service's database in the archive."""

    member: str
    tables: dict[str, TableSum]

    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


class Member(BaseModel):
    """One file of the archive."""

    size: int
    sha256: str


class Manifest(BaseModel):
    """The first file of every archive; `missing` are objects that a row names and nobody had any more."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = FORMAT
    created_at: datetime
    database: Literal["sqlite", "postgres"]
    databases: dict[str, DatabaseCopy]
    members: dict[str, Member]
    missing: list[str] = []

    def rows(self) -> int:
        return sum(copy.rows() for copy in self.databases.values())

    def objects(self) -> int:
        return sum(name.startswith("files/") for name in self.members)


class Summing:
    """Adds up rows, and collects the keys of objects that they name."""

    def __init__(self) -> None:
        self.rows, self.keys, self._total = 0, set[str](), 0

    def add(self, row: bytes) -> None:
        self.rows += 1
        digest = hashlib.blake2b(row, digest_size=16).digest()
        self._total = (self._total + int.from_bytes(digest, "big")) % 2**128  # a sum: rows come in any order
        self.keys.update(key.decode() for key in KEY.findall(row))

    def table(self) -> TableSum:
        return TableSum(rows=self.rows, checksum=f"{self._total:032x}")


def member_of(path: Path) -> Member:
    """Size and SHA-256 of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
    return Member(size=size, sha256=digest.hexdigest())


def differences(service: str, told: dict[str, TableSum], found: dict[str, TableSum]) -> Iterator[str]:
    """What differs between the tables as they were told and as they were found."""
    for name in sorted(told.keys() | found.keys()):
        if name not in found:
            yield f"{service}: the table {name} is not there."
        elif name not in told:
            yield f"{service}: the table {name} was not told of."
        elif told[name].rows != found[name].rows:
            yield f"{service}: {name} has {found[name].rows} rows instead of {told[name].rows}."
        elif told[name] != found[name]:
            yield f"{service}: the rows of {name} are others."


def require_services(manifest: Manifest, wanted: Iterable[str]) -> None:
    """Failed where the archive lacks one of these services' databases."""
    if lacking := [name for name in wanted if name not in manifest.databases]:
        held = ", ".join(manifest.databases)
        raise Failed(f"The archive has no database of {', '.join(lacking)}; it has: {held}.")
