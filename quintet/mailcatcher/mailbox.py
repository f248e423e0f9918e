"""The mails caught so far: one .eml file each in a folder, the newest thousand."""

import email
import email.policy
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path

from shared.clock import now
from shared.ids import new_id

KEPT = 1000


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a mail; `to` is whom the envelope named."""

    id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    received_at: str


class Mailbox:
    """Keeps mails in `folder`; what lay there before is there again after a restart. Safe between threads."""

    def __init__(self, folder: Path, kept: int = KEPT):
        self.folder, self.kept = folder, kept
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._summaries = {path.stem: _summary(path.stem, path.read_bytes()) for path in sorted(folder.glob("*.eml"))}
        self._forget_eldest()

    def store(self, content: bytes, recipients: Sequence[str]) -> str:
        """Keeps a mail as it came, its envelope's recipients noted above it; its id."""
        mail_id = new_id()
        received = f"X-Received-At: {now().isoformat()}\r\n"
        raw = f"X-Envelope-To: {', '.join(recipients)}\r\n{received}".encode() + content
        unfinished = self.folder / f"{mail_id}.part"
        unfinished.write_bytes(raw)
        unfinished.rename(self._path(mail_id))
        with self._lock:
            self._summaries[mail_id] = _summary(mail_id, raw)
            self._forget_eldest()
        return mail_id

    def list(self, to: str | None = None) -> list[Summary]:
        """Newest first; of one recipient only where `to` is given."""
        with self._lock:
            newest_first = list(reversed(self._summaries.values()))
        return [one for one in newest_first if to is None or to.lower() in map(str.lower, one.to)]

    def raw(self, mail_id: str) -> bytes | None:
        """The mail's bytes; None when there is no such mail."""
        with self._lock:
            return self._path(mail_id).read_bytes() if mail_id in self._summaries else None

    def read(self, mail_id: str) -> EmailMessage | None:
        """The mail; None when there is no such mail."""
        raw = self.raw(mail_id)
        return None if raw is None else _parse(raw)

    def clear(self) -> None:
        """Forgets every mail."""
        with self._lock:
            for mail_id in list(self._summaries):
                self._forget(mail_id)

    def _forget_eldest(self) -> None:
        for mail_id in list(self._summaries)[: -self.kept]:
            self._forget(mail_id)

    def _forget(self, mail_id: str) -> None:
        self._path(mail_id).unlink(missing_ok=True)
        del self._summaries[mail_id]

    def _path(self, mail_id: str) -> Path:
        return self.folder / f"{mail_id}.eml"


def part_of(mail: EmailMessage, kind: str) -> str | None:
    """The `plain` or `html` body; None where the mail has none."""
    body = mail.get_body((kind,))
    if body is None:
        return None
    try:
        return body.get_content()
    except LookupError:  # a character set that nobody knows
        return (body.get_payload(decode=True) or b"").decode("utf-8", "replace")


def _parse(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def _summary(mail_id: str, raw: bytes) -> Summary:
    mail = _parse(raw)
    to = tuple(address for _, address in getaddresses([str(mail["X-Envelope-To"] or "")]) if address)
    received = str(mail["X-Received-At"] or datetime.min.isoformat())
    return Summary(mail_id, str(mail["From"] or ""), to, str(mail["Subject"] or ""), received)
