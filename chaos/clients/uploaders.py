"""Uploaders: a record and then a picture into it, each of its own bytes; now and then one that is no picture."""

import hashlib
from pathlib import Path

from chaos.book import UPLOAD
from chaos.clients.calling import Caller
from chaos.clients.clocked import Clocked
from chaos.clients.writers import PATH, create

PICTURE = Path(__file__).resolve().parents[2] / "demo" / "grace_hopper.jpg"
KIND = "image/jpeg"


class Uploader(Clocked):
    """A file's name and bytes are its identity: an upload is made again with the same until its outcome is known."""

    def __init__(self, caller: Caller, every: float):
        super().__init__(caller, every)
        self._picture = PICTURE.read_bytes()
        self._count = 0

    def act(self) -> None:
        record = create(self.caller, is_open=True, is_patient=True)
        if not record.is_answered:
            return
        self._count += 1
        name = f"{self.caller.name}-{self._count}.jpg"
        is_wrong = self.caller.chance.random() < 0.1
        content = f"no picture: {name}".encode() if is_wrong else commented(self._picture, name)
        wanted = {"record": record.answer["id"], "name": name, "is_wrong": is_wrong}
        wanted["sha256"] = hashlib.sha256(content).hexdigest()
        path = f"{PATH}/{record.answer['id']}/files/photo?name={name}"
        self.caller.call(UPLOAD, "PUT", path, wanted, content=content, headers={"Content-Type": KIND})


def commented(jpeg: bytes, text: str) -> bytes:
    """The same picture with a comment in it, so that no two are the same bytes."""
    comment = text.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]
