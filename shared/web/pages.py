"""Lists in keyset pages: where a page ends is an opaque cursor, from which the next one goes on."""

import base64
import binascii
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import Field

from shared.web.errors import InvalidCursor
from shared.web.shapes import Output, Query

Item = TypeVar("Item")

__all__ = ["InvalidCursor", "Page", "PageQuery", "decode_cursor", "encode_cursor"]


class PageQuery(Query):
    """The query of a list: how many, and after which."""

    limit: int = Field(50, ge=1, le=500, description="How many at most")
    cursor: str | None = Field(None, max_length=2048, description="The `next` of the page before")

    def before_id(self) -> str | None:
        """The id after which a list sorted by id goes on, None on its first page; raises InvalidCursor."""
        if self.cursor is None:
            return None
        (last,) = decode_cursor(self.cursor, str)
        try:
            return str(UUID(last))
        except ValueError:
            raise InvalidCursor from None


class Page(Output, Generic[Item]):
    """Some of a list; `next` is the cursor of the page after it, null on the last. The Link header names it too."""

    items: list[Item]
    next: str | None = None


def encode_cursor(*values: Any) -> str:
    """The sort values of a page's last item (JSON values and times) as an opaque text."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def decode_cursor(cursor: str, *types: type | tuple[type, ...]) -> list[Any]:
    """The values of a cursor; InvalidCursor unless they are of the given types, where types are given."""
    try:
        values = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise InvalidCursor from None
    if not isinstance(values, list) or (types and not _are(values, types)):
        raise InvalidCursor
    return values


def _are(values: list[Any], types: tuple[Any, ...]) -> bool:
    return len(values) == len(types) and all(map(_is, values, types))


def _is(value: Any, type_: Any) -> bool:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return False  # no column holds it
    return isinstance(value, type_) and (type_ is not int or not isinstance(value, bool))
