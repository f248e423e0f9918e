"""The object store keeps whole objects under names of its own."""

import io
import os

import pytest

from shared.objects import KeyRefused, ObjectStore, ObjectTooLarge


@pytest.fixture
def store(tmp_path) -> ObjectStore:
    return ObjectStore(tmp_path / "files")


def everything_in(store: ObjectStore) -> list[str]:
    return [path.name for path in store.folder.rglob("*") if path.is_file()]


def test_what_is_put_is_read_back_under_a_generated_key(store):
    stored = store.put(io.BytesIO(b"content"), area="variants")
    assert stored.key.startswith("variants/")
    assert stored.size == 7
    with store.open(stored.key) as file:
        assert file.read() == b"content"


def test_an_object_can_be_read_by_other_users_of_the_machine(store):
    path = store.path(store.put(b"x").key)
    assert path.stat().st_mode & 0o777 == 0o644


def test_content_over_the_limit_leaves_nothing_behind(store):
    with pytest.raises(ObjectTooLarge):
        store.put(io.BytesIO(b"12345"), limit=4)
    assert everything_in(store) == []


def test_a_source_that_breaks_leaves_nothing_behind(store):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        store.put(Broken())
    assert everything_in(store) == []


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "files/../x", "files/ab/" + "g" * 32, ""])
def test_a_key_that_the_store_never_gave_is_refused(store, key):
    with pytest.raises(KeyRefused):
        store.path(key)


def test_an_object_deleted_twice_is_gone_once(store):
    key = store.put(b"x").key
    store.delete(key)
    store.delete(key)
    with pytest.raises(FileNotFoundError):
        store.open(key)


def test_old_objects_are_told_from_new_ones(store):
    old, new = store.put(b"old").key, store.put(b"new").key
    os.utime(store.path(old), (1, 1))
    assert list(store.older_than(3600, area="files")) == [old]
    assert new not in store.older_than(3600, area="files")


def test_half_written_content_of_a_dead_writer_is_discarded(store):
    store.put(b"x")
    left = store.folder / ".incoming" / "left"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    assert store.discard_incoming(60) == 1
    assert not left.exists()
