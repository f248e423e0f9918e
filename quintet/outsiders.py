"""The services outside that a system knows: their public keys and what they may read, in a file that realtime reads."""

import base64
import json
import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from quintet import files
from quintet.failing import Failed
from quintet.state import SERVICES, State, is_service_name

PATTERN = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?|\*", re.ASCII)
FILE = "settings/outside_services.json"
Lock = Callable[[], AbstractContextManager[None]]


def file_of(state: State) -> Path:
    """Where they are written; whoever reads it looks whether it has changed."""
    return state.path(FILE)


@dataclass(frozen=True)
class Register:
    """The services outside of one system: the file that names them, and the folder where new private keys are left."""

    file: Path
    keys: Path
    lock: Lock
    mode: int = 0o600
    keys_told: Path | None = None
    """What the folder is called where the command was typed, if otherwise."""
    is_given: bool = False
    """Whether a key is given to who owns the folder of keys: a container's root is nobody there."""

    @classmethod
    def of(cls, state: State) -> "Register":
        """That of a system on this machine, which may not have been up yet."""

        def lock() -> AbstractContextManager[None]:
            state.make_folders()
            return state.lock()

        return cls(file_of(state), state.path("secrets"), lock)

    def known(self) -> dict[str, dict[str, Any]]:
        """Every service outside by its name."""
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def key_file(self, name: str) -> Path:
        """Where a service's private key is left for whoever brings it there."""
        return self.keys / f"{name}.pem"

    def add(self, name: str, reads: list[str]) -> Path:
        """Makes a key for a service that was not known; the file of its private half, for its eyes alone."""
        if not is_service_name(name) or name in SERVICES:
            raise Failed(f"{name} can't name a service: 2 to 30 lower-case letters, digits and _, no name in use here.")
        with self.lock():
            if name in (known := self.known()):
                raise Failed(f"{name} is known already; to give it a new key, remove it first.")
            key = Ed25519PrivateKey.generate()
            self._leave(name, key)
            public = base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
            self._write(known | {name: {"public_key": public, "reads": reads}})
        return (self.keys_told or self.keys) / self.key_file(name).name

    def grant(self, name: str, reads: list[str]) -> None:
        """Has a known service read these events and its own."""
        with self.lock():
            self._write(self.known() | {name: self._one(name) | {"reads": reads}})

    def remove(self, name: str) -> None:
        """Forgets a service and its private key."""
        with self.lock():
            self._one(name)
            self._write({other: one for other, one in self.known().items() if other != name})
            self.key_file(name).unlink(missing_ok=True)

    def _leave(self, name: str, key: Ed25519PrivateKey) -> None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        files.write(self.key_file(name), pem)
        if self.is_given:
            owner = self.keys.stat()
            shutil.chown(self.key_file(name), owner.st_uid, owner.st_gid)

    def _one(self, name: str) -> dict[str, Any]:
        if name not in self.known():
            raise Failed(f"There is no service {name} outside; there is: {', '.join(self.known()) or 'none'}.")
        return self.known()[name]

    def _write(self, services: dict[str, dict[str, Any]]) -> None:
        files.write(self.file, json.dumps(services, indent=2) + "\n", mode=self.mode)


def patterns(text: str) -> list[str]:
    """Types and families of a list with commas; Failed where one is none."""
    found = [one.strip() for one in text.split(",") if one.strip()]
    if wrong := [one for one in found if PATTERN.fullmatch(one) is None]:
        raise Failed(f"{', '.join(wrong)}: a type is as auth.user_registered, a family as auth.*, everything as *.")
    return found
