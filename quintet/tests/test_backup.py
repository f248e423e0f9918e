"""A backup of small SQLite databases: what it holds, what is noticed, what is refused before anything is touched."""

import errno
import gzip
import io
import json
import os
import stat
import tarfile
from itertools import count

import click
import pytest
from click.testing import CliRunner

from quintet.backup import archive, swapping
from quintet.backup.laying_out import lay_out
from quintet.backup.sqlite_copies import SqliteSource
from quintet.cli import main
from quintet.failing import Commands, Failed
from quintet.settings import OperatorSettings
from quintet.state import State
from quintet.tests.backups import SmallSystem

KEY = b"a key of more than sixteen characters"


@pytest.fixture
def system(tmp_path) -> SmallSystem:
    return SmallSystem(tmp_path / "var")


def laid(file, folder, key=None):
    return lay_out(file, key, folder, OperatorSettings(), lambda what: None)


def types(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_everything_comes_back_as_it_was(system, tmp_path):
    told = system.takes(tmp_path / "one.backup")
    back = laid(tmp_path / "one.backup", tmp_path / "beside")
    assert back.found == []
    assert back.manifest == told
    assert told.databases["auth"].tables["accounts"].rows == 200
    for name in ("state.json", "secrets/keys.json", "overrides/mail.env", f"files/{system.photo}"):
        assert back.state.path(name).read_bytes() == system.state.path(name).read_bytes()
    assert stat.S_IMODE(back.state.path("secrets/keys.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(back.state.path(f"files/{system.photo}").stat().st_mode) == 0o644
    assert not back.state.path(f"files/{system.unnamed}").exists()


def test_an_archive_is_private_and_nothing_else_is_left_beside_it(system, tmp_path):
    (tmp_path / "to").mkdir()
    system.takes(tmp_path / "to/one.backup")
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["one.backup"]
    assert stat.S_IMODE((tmp_path / "to/one.backup").stat().st_mode) == 0o600


def test_a_database_is_copied_as_of_one_moment_though_others_write_meanwhile(system, tmp_path):
    with system.database("auth") as connection:
        connection.execute("CREATE TABLE filler (x BLOB)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO filler VALUES (zeroblob(4000))", [()] * 4000)
        connection.execute("COMMIT")
        source, numbers = SqliteSource(system.file("auth")), count()

        def write(_done, _total):
            connection.execute("INSERT INTO accounts (email) VALUES (?)", [f"late{next(numbers)}@example.com"])

        tables, _ = source.copy(tmp_path / "copy.db", write)
        source.close()
        assert next(numbers) > 2
    assert tables["accounts"].rows == 200


def test_an_object_that_a_file_s_row_names_in_vain_is_told(system, tmp_path):
    gone = system.store.put(b"soon gone").key
    with system.database("data") as connection:
        connection.execute("INSERT INTO files (storage_key) VALUES (?)", [gone])
        connection.execute("INSERT INTO imports (storage_key) VALUES (?)", ["files/00/" + "0" * 32])
    system.store.delete(gone)
    told = system.takes(tmp_path / "one.backup")
    assert told.missing == [gone]
    assert told.objects() == 1


def test_a_sealed_archive_opens_with_its_key_alone(system, tmp_path):
    system.takes(tmp_path / "one.backup", KEY)
    content = (tmp_path / "one.backup").read_bytes()
    assert b"manifest" not in content
    assert laid(tmp_path / "one.backup", tmp_path / "beside", KEY).found == []
    with pytest.raises(Failed, match="another key"):
        laid(tmp_path / "one.backup", tmp_path / "other", b"another key that is long enough")
    with pytest.raises(Failed, match="--key-file"):
        laid(tmp_path / "one.backup", tmp_path / "none")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("key", [None, KEY], ids=["open", "sealed"])
def test_an_archive_that_is_cut_or_altered_anywhere_is_refused(system, tmp_path, key):
    system.store.put(b"x")
    system.takes(tmp_path / "one.backup", key)
    whole = (tmp_path / "one.backup").read_bytes()
    wrong = [whole[:size] for size in (0, 10, 60, len(whole) // 2, len(whole) - 1)]
    wrong += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (90, len(whole) // 2, len(whole) - 5)]
    for number, content in enumerate(wrong):
        (tmp_path / "wrong.backup").write_bytes(content)
        with pytest.raises(Failed):
            laid(tmp_path / "wrong.backup", tmp_path / f"beside{number}", key)


def test_chunks_can_not_be_swapped_left_out_or_added(system, tmp_path):
    with system.database("auth") as connection:
        connection.execute("CREATE TABLE filler (x BLOB)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO filler VALUES (randomblob(4000))", [()] * 100)
        connection.execute("COMMIT")
    system.takes(tmp_path / "one.backup", KEY)
    whole, head, size = (tmp_path / "one.backup").read_bytes(), 17 + 64, 64 * 1024 + 16
    chunks = [whole[at : at + size] for at in range(head, len(whole), size)]
    assert len(chunks) > 3
    for number, order in enumerate(([1, 0, *range(2, len(chunks))], range(1, len(chunks)), range(len(chunks) - 1))):
        content = whole[:head] + b"".join(chunks[one] for one in order)
        (tmp_path / "wrong.backup").write_bytes(content)
        with pytest.raises(Failed, match="altered or cut off"):
            laid(tmp_path / "wrong.backup", tmp_path / f"beside{number}", KEY)


def rewritten(file, change) -> None:
    """The archive with its manifest changed; members stay."""
    with tarfile.open(file, "r:gz") as tar:
        members = {entry.name: tar.extractfile(entry).read() for entry in tar}
    members["manifest.json"] = json.dumps(change(json.loads(members["manifest.json"]), members)).encode()
    with gzip.open(file, "wb") as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def test_verify_says_which_counts_and_rows_differ(system, tmp_path):
    def change(manifest, _):
        manifest["databases"]["auth"]["tables"]["accounts"]["rows"] = 201
        manifest["databases"]["data"]["tables"]["files"]["checksum"] = "0" * 32
        return manifest

    system.takes(tmp_path / "one.backup")
    assert types("backup", "verify", tmp_path / "one.backup").exit_code == 0
    rewritten(tmp_path / "one.backup", change)
    told = types("backup", "verify", tmp_path / "one.backup")
    assert told.exit_code == 1
    assert "auth: accounts has 200 rows instead of 201." in told.output
    assert "data: the rows of files are others." in told.output


@pytest.mark.parametrize("name", ["../outside", "/outside", "files/../../outside"])
def test_an_archive_writes_nothing_out_of_its_place(system, tmp_path, name):
    def change(manifest, members):
        members[name] = b"x"
        manifest["members"][name] = {"size": 1, "sha256": "0" * 64}
        return manifest

    system.takes(tmp_path / "one.backup")
    rewritten(tmp_path / "one.backup", change)
    with pytest.raises(Failed, match="out of its place"):
        laid(tmp_path / "one.backup", tmp_path / "beside")


def test_what_the_manifest_does_not_tell_of_is_refused(system, tmp_path):
    def change(manifest, members):
        members["state.json.more"] = b"x"
        return manifest

    system.takes(tmp_path / "one.backup")
    rewritten(tmp_path / "one.backup", change)
    with pytest.raises(Failed, match="does not tell"):
        laid(tmp_path / "one.backup", tmp_path / "beside")


def test_a_whole_restore_refuses_an_archive_of_some_and_touches_nothing(system, tmp_path):
    system.takes(tmp_path / "one.backup")
    before = sorted(path.name for path in system.state.folder.iterdir())
    told = types("restore", tmp_path / "one.backup", "--state", system.state.folder, "--yes")
    assert told.exit_code == 1
    assert "no database of realtime" in told.output
    assert sorted(path.name for path in system.state.folder.iterdir()) == before


def test_the_command_takes_lists_and_refuses_to_write_over_an_archive(system, tmp_path):
    state = ["--state", system.state.folder]
    (tmp_path / "key").write_bytes(KEY)
    (tmp_path / "short").write_bytes(b"short")
    words = ["backup", "create", *state, "--service", "auth", "--to"]
    assert "200 rows" in types(*words, tmp_path / "one.backup").output
    assert types(*words, tmp_path / "two.backup", "--key-file", tmp_path / "key").exit_code == 0
    assert "is there already" in types(*words, tmp_path / "one.backup").output
    assert "shorter than" in types(*words, tmp_path / "three.backup", "--key-file", tmp_path / "short").output
    (tmp_path / "torn.backup").write_bytes((tmp_path / "one.backup").read_bytes()[:40])
    listed = types("backup", "list", *state, tmp_path).output.splitlines()
    assert ["sqlite, 200 rows" in listed[0], "cut off" in listed[1], "sealed" in listed[2]] == [True, True, True]


def test_a_disk_that_is_full_is_said_and_leaves_nothing_behind(system, tmp_path, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "to").mkdir()
    monkeypatch.setattr(archive.os, "fsync", full)
    with pytest.raises(Failed, match=r"one\.backup was not written: No space left"):
        system.takes(tmp_path / "to/one.backup")
    assert [*(tmp_path / "to").iterdir()] == []


def test_two_archives_of_one_name_at_once_are_each_whole(system, tmp_path, monkeypatch):
    fill, to = archive._fill, tmp_path / "to"
    to.mkdir()

    def another_meanwhile(*given) -> None:
        monkeypatch.setattr(archive, "_fill", fill)
        system.takes(to / "one.backup")
        assert laid(to / "one.backup", tmp_path / "first").found == []
        fill(*given)

    monkeypatch.setattr(archive, "_fill", another_meanwhile)
    system.takes(to / "one.backup")
    assert laid(to / "one.backup", tmp_path / "second").found == []
    assert [file.name for file in to.iterdir()] == ["one.backup"]


def test_what_the_machine_refuses_is_one_line_and_what_is_our_own_fault_is_not():
    @click.command()
    @click.argument("number", type=int)
    def does(number: int) -> None:
        raise OSError(number, os.strerror(number), "/a/file")

    group = Commands(commands={"does": does})
    told = CliRunner().invoke(group, ["does", str(errno.EACCES)])
    assert (told.exit_code, told.output) == (1, "Permission denied (/a/file).\n")
    assert isinstance(CliRunner().invoke(group, ["does", str(errno.EBADF)]).exception, OSError)


def test_a_swap_that_dies_on_the_way_is_undone_by_the_next(tmp_path, monkeypatch):
    for dies_after in range(5):
        state = State(tmp_path / f"{dies_after}")
        laid_out = state.path("laid")
        for name in ("auth", "data"):
            state.path(name).mkdir(parents=True)
            state.path(name, "old").touch()
        for name in ("auth", "data", "files"):
            laid_out.joinpath(name).mkdir(parents=True)
            laid_out.joinpath(name, "new").touch()
        move, moves = swapping._move, count()

        def dying(source, target, move=move, moves=moves, dies_after=dies_after):
            if next(moves) == dies_after:
                raise KeyboardInterrupt
            move(source, target)

        with monkeypatch.context() as patched:
            patched.setattr(swapping, "_move", dying)
            patched.setattr(swapping, "undo", lambda state: None)  # as after a SIGKILL: nobody is there to undo it
            with pytest.raises(KeyboardInterrupt):
                swapping.swap(state, laid_out, ["auth", "data", "files"], state.path("aside"))
        assert types("up", "--state", state.folder).output.startswith("A restore was cut short")
        assert swapping.undo(state)
        assert state.path("auth/old").exists()
        assert state.path("data/old").exists()
        assert [path for path in state.folder.glob("*/new") if path.parent.name in ("auth", "data", "files")] == []
        assert not swapping.undo(state)


def test_a_manifest_of_another_format_is_refused(system, tmp_path):
    system.takes(tmp_path / "one.backup")
    rewritten(tmp_path / "one.backup", lambda manifest, _: manifest | {"format": 2})
    with pytest.raises(Failed, match="none that is understood"):
        archive.read_manifest(tmp_path / "one.backup", None)
