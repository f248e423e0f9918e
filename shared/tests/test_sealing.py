"""Sealed text: read back by those who have the key, by nobody else, and never after a change."""

import base64

import pytest

from shared.sealing import SealBroken, key_of, seal, unseal

OLD = {"1": base64.b64encode(b"a" * 32).decode()}
BOTH = OLD | {"2": base64.b64encode(b"b" * 32).decode()}


def test_what_is_sealed_can_be_read_with_the_key():
    sealed = seal("hidden", OLD)
    assert "hidden" not in sealed
    assert unseal(sealed, OLD) == "hidden"


def test_the_same_text_is_sealed_differently_each_time():
    assert seal("hidden", OLD) != seal("hidden", OLD)


def test_the_newest_key_seals_and_older_ones_still_unseal():
    assert seal("hidden", BOTH).startswith("2.")
    assert unseal(seal("hidden", OLD), BOTH) == "hidden"


@pytest.mark.parametrize("broken", ["", "1.", "1.xx", "9.abcd", "nothing"])
def test_what_was_not_sealed_is_refused(broken):
    with pytest.raises(SealBroken):
        unseal(broken, OLD)


def test_a_changed_text_or_key_id_is_refused():
    sealed = seal("hidden", OLD)
    for changed in (sealed[:-3] + "AA=", "2." + sealed[2:]):
        with pytest.raises(SealBroken) as refused:
            unseal(changed, BOTH)
        assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "x", base64.b64encode(b"short").decode()])
def test_a_key_has_32_bytes(text):
    with pytest.raises(ValueError):
        key_of(text)
