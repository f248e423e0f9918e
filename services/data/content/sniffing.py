"""Whether a file's first bytes are what its Content-Type says."""

import re

from services.data.errors import FileTypeMismatch, FileTypeMissing

HEAD = 4096
TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
UNKNOWN = "application/octet-stream"
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
"""What clients say when nobody told them what they send."""
SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), "image/avif"),
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"\x1f\x8b"), "application/gzip"),
)
KNOWN = frozenset(type_ for _, type_ in SIGNATURES)
TEXTS = re.compile(r"text/.+|application/(json|xml|javascript)|.+\+(json|xml)")


def declared_type(header: str | None) -> str:
    """The type and subtype of a Content-Type header; FileTypeMissing where there is none that a file can have."""
    type_ = (header or "").partition(";")[0].strip().lower()
    if not TYPE.fullmatch(type_) or type_ in FORMS:
        raise FileTypeMissing
    return type_


def check_content(type_: str, head: bytes) -> None:
    """FileTypeMismatch where the content shows another type than was declared."""
    found = sniff(head)
    if type_ in (UNKNOWN, found):
        return
    if found or type_ in KNOWN or (TEXTS.fullmatch(type_) and not is_text(head)):
        what = f"looks like {found}" if found else "does not look like it"
        raise FileTypeMismatch(f"The Content-Type is {type_}, but the content {what}.")


def sniff(head: bytes) -> str | None:
    """The type that the first bytes tell, None where they tell none."""
    return next((type_ for signature, type_ in SIGNATURES if signature.match(head)), None)


def is_text(head: bytes) -> bool:
    """Whether the first bytes are UTF-8; a character cut off at the end is no fault."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if len(head) < HEAD or error.start < len(head) - 3:
            return False
    return b"\0" not in head
