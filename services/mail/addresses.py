"""Which addresses mail can be sent to, and from."""

import re
from email.utils import parseaddr

LONGEST = 254
_MAILABLE = re.compile(r"[!-~]+@[^\s@]+")
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>()\[\],;:\\\"]")


def is_mailable(address: str) -> bool:
    """Whether an address can stand in an SMTP command and a header, and nothing beside it."""
    return len(address) <= LONGEST and not _UNSAFE.search(address) and _MAILABLE.fullmatch(address) is not None


def is_sender(text: str) -> bool:
    """Whether it is one mailable address, alone or behind a name."""
    return text.isprintable() and is_mailable(parseaddr(text)[1])
