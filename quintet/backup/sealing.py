"""Archives sealed with a key: AES-256-GCM in numbered chunks, so that none can be changed, swapped, cut off or added.

Layout: magic, salt, proof of the key, then chunks of 64 KiB, each with its tag. A chunk's nonce is its number and, in
the last byte, whether it is the last. The key is made anew for each archive from the operator's key and the salt.
"""

import hashlib
import hmac
import os
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from quintet.failing import Failed

MAGIC = b"quintet-sealed-1\n"
SALT, PROOF, TAG = 32, 32, 16
CHUNK = 64 * 1024
SHORTEST_KEY = 16


def read_key(file: Path) -> bytes:
    """The operator's key out of a file; Failed for one that is not there or too short to be one."""
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise Failed(f"The key file {file} can't be read: {error.strerror}.") from None
    if len(key) < SHORTEST_KEY:
        raise Failed(f"The key in {file} is shorter than {SHORTEST_KEY} characters.")
    return key


def is_sealed(file: Path) -> bool:
    """Whether the archive needs a key."""
    with file.open("rb") as opened:
        return opened.read(len(MAGIC)) == MAGIC


class Sealer:
    """Written to like a file; `close` seals the last chunk and leaves the file beneath open."""

    def __init__(self, file: BinaryIO, key: bytes):
        salt = os.urandom(SALT)
        self._file, (self._cipher, proof) = file, _derive(key, salt)
        self._buffer, self._number = bytearray(), 0
        file.write(MAGIC + salt + proof)

    def write(self, content: bytes) -> int:
        self._buffer += content
        while len(self._buffer) > CHUNK:  # never the last one: that is written when it is known to be
            self._put(bytes(self._buffer[:CHUNK]), is_last=False)
            del self._buffer[:CHUNK]
        return len(content)

    def flush(self) -> None:
        """Nothing: a chunk is written when it is full."""

    def close(self) -> None:
        self._put(bytes(self._buffer), is_last=True)

    def _put(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), chunk, MAGIC))
        self._number += 1


class Opener:
    """Read from like a file; Failed for another key, and for a chunk that is not what was written."""

    def __init__(self, file: BinaryIO, key: bytes):
        header = file.read(len(MAGIC) + SALT + PROOF)
        salt, proof = header[len(MAGIC) : -PROOF], header[-PROOF:]
        if len(header) < len(MAGIC) + SALT + PROOF:
            raise Failed("The archive is cut off within its first bytes.")
        self._cipher, expected = _derive(key, salt)
        if not hmac.compare_digest(proof, expected):
            raise Failed("The archive was sealed with another key.")
        self._file, self._number, self._left = file, 0, b""
        self._next = file.read(CHUNK + TAG)
        self._is_done = False

    def read(self, size: int = -1) -> bytes:
        while not self._is_done and (size < 0 or len(self._left) < size):
            self._left += self._chunk()
        taken = self._left if size < 0 else self._left[:size]
        self._left = self._left[len(taken) :]
        return taken

    def _chunk(self) -> bytes:
        current, self._next = self._next, self._file.read(CHUNK + TAG)
        self._is_done = not self._next
        try:
            plain = self._cipher.decrypt(_nonce(self._number, self._is_done), current, MAGIC)
        except InvalidTag:
            raise Failed(f"The archive was altered or cut off, at chunk {self._number}.") from None
        self._number += 1
        return plain


def _derive(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    """The cipher of one archive, and what proves that the key is its own without telling anything of it."""
    derived = Scrypt(salt=salt, length=64, n=2**15, r=8, p=1).derive(key)  # slow, for keys that people thought up
    return AESGCM(derived[:32]), hashlib.sha256(derived[32:] + MAGIC + salt).digest()


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
