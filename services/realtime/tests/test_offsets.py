"""Offsets as clients keep them."""

import pytest

from services.realtime.errors import OffsetInvalid
from services.realtime.live.offsets import Offset


def test_an_offset_is_read_as_it_was_written():
    offset = Offset("0190a5a8-0000-7000-8000-00000000000a", 3, 42)
    assert Offset.parse(str(offset)) == offset


@pytest.mark.parametrize(
    "text", ["", "one", "one:2", "one:2:x", "one:-1:3", "one:2:3:4", "one:2:٣", "one:2:" + "9" * 19]
)
def test_what_is_no_offset_is_refused(text):
    with pytest.raises(OffsetInvalid):
        Offset.parse(text)
