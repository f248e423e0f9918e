"""The archive itself: a compressed tar whose first file is the manifest, sealed where a key is given."""

import gzip
import hashlib
import os
import secrets
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pydantic import ValidationError

from quintet.backup.manifest import BLOCK, Manifest, Member
from quintet.backup.sealing import Opener, Sealer, is_sealed
from quintet.failing import Failed
from shared.objects import sync_folder

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 512 * 1024 * 1024
COMPRESSION = 3
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, tarfile.TarError)


def write(target: Path, manifest: Manifest, folder: Path, key: bytes | None) -> None:
    """Puts the manifest and its members, which lie below `folder`, at `target`: whole and on the disk, or not there."""
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")  # another may write one of the same second
    try:
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            _fill(file, manifest, folder, key)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(target)
    except OSError as error:
        raise Failed(f"{target} was not written: {error.strerror}.") from error
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(target.parent)


def _fill(file: BinaryIO, manifest: Manifest, folder: Path, key: bytes | None) -> None:
    sink = Sealer(file, key) if key else file
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=sink, compresslevel=COMPRESSION) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        text = manifest.model_dump_json(indent=1).encode()
        tar.addfile(_entry(MANIFEST, len(text)), BytesIO(text))
        for name, member in manifest.members.items():
            with (folder / name).open("rb") as content:
                tar.addfile(_entry(name, member.size), content)
    if isinstance(sink, Sealer):
        sink.close()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def read_manifest(file: Path, key: bytes | None) -> Manifest:
    """The manifest alone."""
    with _opened(file, key) as (tar, _):
        return _manifest(file, tar)


def unpack(file: Path, key: bytes | None, folder: Path, is_wanted: Callable[[str], bool]) -> Manifest:
    """Lays the wanted members below `folder`, and checks every byte of the whole archive; Failed when one is wrong."""
    with _opened(file, key) as (tar, rest):
        manifest = _manifest(file, tar)
        missing = dict(manifest.members)
        while entry := tar.next():
            told = missing.pop(entry.name, None)
            if told is None or not entry.isreg():
                raise Failed(f"{file} holds {entry.name}, of which its manifest does not tell.")
            _lay(tar.extractfile(entry), told, entry.name, folder / entry.name if is_wanted(entry.name) else None)
        while rest.read(BLOCK):  # the end must be sound, too
            pass
    if missing:
        raise Failed(f"{file} lacks {len(missing)} of its files, {next(iter(missing))} first.")
    return manifest


@contextmanager
def _opened(file: Path, key: bytes | None) -> Iterator[tuple[tarfile.TarFile, gzip.GzipFile]]:
    try:
        with file.open("rb") as raw:
            source = Opener(raw, key) if _needs_key(file, key) else raw
            with gzip.GzipFile(fileobj=source, mode="rb") as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
                yield tar, packed
    except BROKEN as error:
        raise Failed(f"{file} is no archive, or was altered or cut off: {error}") from None


def _needs_key(file: Path, key: bytes | None) -> bool:
    if not is_sealed(file):
        return False
    if key is None:
        raise Failed(f"{file} is sealed: name its key with --key-file.")
    return True


def _manifest(file: Path, tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > LARGEST_MANIFEST:
        raise Failed(f"{file} is no backup: it does not begin with a manifest.")
    try:
        manifest = Manifest.model_validate_json(tar.extractfile(first).read())
    except ValidationError:
        raise Failed(f"The manifest of {file} is none that is understood here.") from None
    if strange := [name for name in manifest.members if not _is_below(name)]:
        raise Failed(f"{file} would write to {strange[0]}, out of its place.")
    return manifest


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and str(path) == name


def _lay(content: BinaryIO, told: Member, name: str, target: Path | None) -> None:
    digest, size = hashlib.sha256(), 0
    sink = None
    if target is not None:
        is_open = name.startswith("files/")  # nginx's workers read the objects, and nothing else
        _make_folders(target.parent, 0o755 if is_open else 0o700)
        sink = os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        os.fchmod(sink.fileno(), 0o644 if is_open else 0o600)
    try:
        while block := content.read(BLOCK):
            digest.update(block)
            size += len(block)
            if sink:
                sink.write(block)
        if sink:
            sink.flush()
            os.fsync(sink.fileno())
    finally:
        if sink:
            sink.close()
    if (size, digest.hexdigest()) != (told.size, told.sha256):
        raise Failed(f"{name} in the archive is not what was put there.")


def _make_folders(folder: Path, mode: int) -> None:
    if not folder.exists():
        _make_folders(folder.parent, mode)
        folder.mkdir()
        folder.chmod(mode)
