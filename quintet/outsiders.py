"""The services outside that a system knows: their public keys and what they may read, in a file that realtime reads."""

import base64
import json
import re
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from quintet import files
from quintet.failing import Failed
from quintet.state import SERVICES, State, is_service_name

PATTERN = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?|\*", re.ASCII)


def file_of(state: State) -> Path:
    """Where they are written; whoever reads it looks whether it has changed."""
    return state.path("settings", "outside_services.json")


def key_file(state: State, name: str) -> Path:
    """Where a service's private key is left for whoever brings it there."""
    return state.path("secrets", f"{name}.pem")


def known(state: State) -> dict[str, dict[str, Any]]:
    """Every service outside by its name."""
    return json.loads(file_of(state).read_text()) if file_of(state).exists() else {}


def patterns(text: str) -> list[str]:
    """Types and families of a list with commas; Failed where one is none."""
    found = [one.strip() for one in text.split(",") if one.strip()]
    if wrong := [one for one in found if PATTERN.fullmatch(one) is None]:
        raise Failed(f"{', '.join(wrong)}: a type is as auth.user_registered, a family as auth.*, everything as *.")
    return found


def add(state: State, name: str, reads: list[str]) -> Path:
    """Makes a key for a service that was not known; the file of its private half, for its eyes alone."""
    if not is_service_name(name) or name in SERVICES:
        raise Failed(f"{name} can't name a service: 2 to 30 lower-case letters, digits and _, and no name in use here.")
    state.make_folders()
    with state.lock():
        if name in known(state):
            raise Failed(f"{name} is known already; to give it a new key, remove it first.")
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        files.write(key_file(state, name), pem)
        public = base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
        _write(state, known(state) | {name: {"public_key": public, "reads": reads}})
    return key_file(state, name)


def grant(state: State, name: str, reads: list[str]) -> None:
    """Has a known service read these events and its own."""
    with state.lock():
        _write(state, known(state) | {name: _of(state, name) | {"reads": reads}})


def remove(state: State, name: str) -> None:
    """Forgets a service and its private key."""
    with state.lock():
        _of(state, name)
        _write(state, {other: one for other, one in known(state).items() if other != name})
        key_file(state, name).unlink(missing_ok=True)


def _of(state: State, name: str) -> dict[str, Any]:
    if name not in known(state):
        raise Failed(f"There is no service {name} outside; there is: {', '.join(known(state)) or 'none'}.")
    return known(state)[name]


def _write(state: State, services: dict[str, dict[str, Any]]) -> None:
    files.write(file_of(state), json.dumps(services, indent=2) + "\n")
