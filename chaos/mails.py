"""Every mail that reached SMTP during a run, read from the catcher's folder before it forgets the eldest."""

import email
import email.policy
import threading
from dataclasses import dataclass
from pathlib import Path

LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the SMTP server took it; `to` is whom the envelope named."""

    to: str
    message_id: str
    text: str


class MailCollector(threading.Thread):
    """Looks into the folder again and again; a mail once seen is kept."""

    def __init__(self, folder: Path):
        super().__init__(name="mails", daemon=True)
        self.folder, self.stopping = folder, threading.Event()
        self._found: dict[str, Mail] = {}
        self._lock = threading.Lock()

    def run(self) -> None:
        while not self.stopping.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> list[Mail]:
        """All mails so far."""
        with self._lock:
            for file in sorted(self.folder.glob("*.eml")):
                if file.stem not in self._found:
                    self._found[file.stem] = _read(file)
            return list(self._found.values())


def _read(file: Path) -> Mail:
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = mail.get_body(("plain",))
    return Mail(str(mail["X-Envelope-To"]), str(mail["Message-ID"]), body.get_content() if body else "")
