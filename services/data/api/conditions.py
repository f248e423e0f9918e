"""ETags and If-Match: a version is its own tag."""

import re
from collections.abc import Callable

from flask import request

TAG = re.compile(r'"(\d{1,18})"')


def tag(version: int) -> dict[str, str]:
    """The header that names a version."""
    return {"ETag": f'"{version}"'}


def matcher() -> Callable[[int], bool]:
    """Whether a version is one that If-Match allows; any is where the header is not there."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return lambda version: True
    versions = {int(found[1]) for part in header.split(",") if (found := TAG.fullmatch(part.strip()))}
    return lambda version: version in versions


def is_known(version: int) -> bool:
    """Whether If-None-Match says that the client has this version already."""
    given = request.headers.get("If-None-Match", "")
    return given.strip() == "*" or f'"{version}"' in {part.strip().removeprefix("W/") for part in given.split(",")}
