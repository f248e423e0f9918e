"""Databases named by their URLs: copied, sealed and checked as any, and loaded only into an empty one."""

import psycopg
import pytest
from click.testing import CliRunner

from quintet.backup.elsewhere import read_urls
from quintet.cli import main
from quintet.failing import Failed
from shared.objects import ObjectStore


@pytest.fixture
def target(postgres_server):
    """The URL of an empty database to load into."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


def types(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_a_database_at_a_url_is_copied_checked_and_loaded_into_an_empty_one(postgres_url, target, tmp_path):
    store = ObjectStore(tmp_path / "files")
    key = store.put(b"a photograph").key
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE files (storage_key text)")
        connection.execute("INSERT INTO files VALUES (%s)", [key])
    (tmp_path / "from").write_text(f"data={postgres_url}\n")
    (tmp_path / "to").write_text(f"data={target}\n")
    (tmp_path / "key").write_text("a key of more than sixteen characters")
    archive, sealed = tmp_path / "one.backup", ["--key-file", tmp_path / "key"]

    take = ["backup", "create", "--databases", tmp_path / "from", "--objects", store.folder, "--to", archive, *sealed]
    assert "1 rows, 1 objects" in types(*take).output
    assert "Sound" in types("backup", "verify", archive, *sealed).output

    load = ["restore", archive, "--service", "data", "--databases", tmp_path / "to", *sealed]
    assert "Loaded" in types(*load).output
    with psycopg.connect(target) as connection:
        assert connection.execute("SELECT storage_key FROM files").fetchall() == [(key,)]
    again = types(*load)
    assert again.exit_code == 1
    assert "not empty" in again.output


@pytest.mark.parametrize(
    "text",
    ["", "nobody=postgresql://x/y", "data=mysql://x/y", "data", "data=postgresql://x/y\nauth=sqlite:///auth.db"],
)
def test_a_file_of_urls_that_makes_no_sense_is_refused(tmp_path, text):
    (tmp_path / "urls").write_text(text)
    with pytest.raises(Failed):
        read_urls(tmp_path / "urls")
