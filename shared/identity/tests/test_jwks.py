"""The key set: when it asks its source again, and what it keeps when the source fails."""

import copy

import pytest

from shared.identity.jwks import KeySet
from shared.testing.identity import KID, jwks


class Source:
    """A source of keys that counts its questions and can fail."""

    def __init__(self):
        self.document, self.asked, self.is_down = jwks(), 0, False

    def __call__(self):
        self.asked += 1
        if self.is_down:
            raise ConnectionError("down")
        return self.document

    def adds(self, kid):
        self.document = copy.deepcopy(self.document)
        self.document["keys"].append({**self.document["keys"][0], "kid": kid})


class Clock:
    """Seconds that pass when told to."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keys(source, clock):
    return KeySet(source, monotonic=clock)


def test_a_known_key_is_fetched_once(keys, source):
    assert keys.get(KID) is keys.get(KID) is not None
    assert source.asked == 1


def test_an_unknown_key_is_asked_for_at_most_every_30_seconds(keys, source, clock):
    keys.get(KID)
    clock.now += 29
    assert [keys.get(f"forged-{n}") for n in range(50)] == [None] * 50
    assert source.asked == 1
    source.adds("new")
    clock.now += 2
    assert keys.get("new") is not None
    assert source.asked == 2


def test_the_last_good_copy_is_kept_while_the_source_is_down(keys, source, clock):
    keys.get(KID)
    source.is_down = True
    clock.now += KeySet.keep_seconds + 1
    assert keys.get(KID) is not None
    assert source.asked == 2


def test_a_source_that_was_down_at_first_is_asked_again_after_a_second(keys, source, clock):
    source.is_down = True
    assert keys.get(KID) is None
    assert keys.is_empty
    source.is_down = False
    assert keys.get(KID) is None
    clock.now += 1.1
    assert keys.get(KID) is not None


@pytest.mark.parametrize("document", [{}, {"keys": []}, {"keys": [{"kty": "oct", "kid": "x", "k": "AA"}]}])
def test_a_document_without_our_kind_of_key_replaces_nothing(keys, source, clock, document):
    keys.get(KID)
    source.document = document
    clock.now += KeySet.keep_seconds + 1
    assert keys.get(KID) is not None


@pytest.mark.parametrize("kid", [None, 7, ["x"], {"a": 1}])
def test_a_kid_that_is_no_text_is_unknown(keys, kid):
    assert keys.get(kid) is None


def test_a_changed_set_is_told(keys, source, clock):
    told = []
    keys.on_change = lambda: told.append(True)
    keys.get(KID)
    source.adds("new")
    clock.now += 301
    keys.get(KID)
    clock.now += 301
    keys.get(KID)
    assert len(told) == 2
