"""Services outside: a key of their own, known to realtime's file alone, gone when they are removed."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from quintet.failing import Failed
from quintet.outsiders import Register, file_of, patterns
from quintet.state import State


@pytest.fixture
def state(tmp_path) -> State:
    return State(tmp_path / "var")


@pytest.fixture
def register(state) -> Register:
    return Register.of(state)


def test_a_service_is_given_a_key_whose_public_half_is_known(state, register):
    file = register.add("shop", ["data.*"])
    assert file == state.path("secrets", "shop.pem")
    key = load_pem_private_key(file.read_bytes(), None)
    ((name, one),) = register.known().items()
    assert (name, one["reads"]) == ("shop", ["data.*"])
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(one["public_key"]))
    public.verify(key.sign(b"it is me"), b"it is me")


def test_what_is_written_is_its_owner_s_alone_and_holds_no_private_key(state, register):
    file = register.add("shop", [])
    known = file_of(state)
    assert [one.stat().st_mode & 0o777 for one in (file, known)] == [0o600, 0o600]
    assert "PRIVATE" not in known.read_text()
    assert set(json.loads(known.read_text())["shop"]) == {"public_key", "reads"}


def test_what_it_may_read_can_be_changed_and_its_key_stays(register):
    register.add("shop", ["data.*"])
    before = register.known()["shop"]
    register.grant("shop", ["auth.*"])
    assert register.known()["shop"] == {**before, "reads": ["auth.*"]}


def test_one_that_is_removed_leaves_nothing_behind(register):
    file = register.add("shop", [])
    register.add("stall", [])
    register.remove("shop")
    assert list(register.known()) == ["stall"]
    assert not file.exists()


@pytest.mark.parametrize("name", ["data", "operator", "Shop", "a b", "../x", "events"])
def test_a_name_of_our_own_or_none_is_refused(register, name):
    with pytest.raises(Failed):
        register.add(name, [])


def test_a_service_that_is_known_keeps_its_key(state, register):
    before = register.add("shop", []).read_text()
    with pytest.raises(Failed, match="known already"):
        register.add("shop", [])
    assert state.path("secrets", "shop.pem").read_text() == before


def test_one_that_is_not_known_can_be_neither_changed_nor_removed(register):
    register.add("shop", [])
    for act in (lambda: register.grant("stall", []), lambda: register.remove("stall")):
        with pytest.raises(Failed, match="there is: shop"):
            act()


def test_patterns_are_types_and_families():
    assert patterns("auth.*, data.record_changed,") == ["auth.*", "data.record_changed"]
    assert patterns("") == []
    for wrong in ("auth*", "Auth.*", "auth.*.x", "a;b"):
        with pytest.raises(Failed):
            patterns(wrong)
