"""File names: what clients may call a file, and how the name goes into a header."""

import unicodedata
from urllib.parse import quote

from services.data.errors import FileNameRefused

MAX_BYTES = 255
INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
"""Types that a browser shows without running anything in them."""


def checked_name(name: str | None) -> str:
    """The name in its composed form; FileNameRefused for none, for a path, and for what no file can be called."""
    name = unicodedata.normalize("NFC", (name or "").strip())
    for complaint in _complaints(name):
        raise FileNameRefused(complaint, errors=[{"pointer": "?name", "detail": complaint}])
    return name


def disposition(name: str, type_: str) -> str:
    """A Content-Disposition header (RFC 6266): shown only where showing it is safe, saved under its name otherwise."""
    plain = name.encode("ascii", "replace").decode().replace("\\", "_").replace('"', "_").replace("?", "_")
    way = "inline" if type_ in INLINE else "attachment"
    return f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _complaints(name: str):
    if not name:
        yield "A file needs a name: give it as ?name=."
    elif "/" in name or "\\" in name or name in (".", ".."):
        yield "A file's name is a name, not a path."
    elif any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in name):
        yield "A file's name has no control or invisible characters."
    elif len(name.encode()) > MAX_BYTES:
        yield f"A file's name has at most {MAX_BYTES} bytes."
