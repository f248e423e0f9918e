"""Files are whole and private; folders are judged as the system would judge them."""

import pytest

from quintet import files, gateway


def test_a_file_is_private_from_the_start(tmp_path):
    assert files.write(tmp_path / "secret", "x")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_writing_the_same_again_is_no_change(tmp_path):
    files.write(tmp_path / "file", "x")
    assert not files.write(tmp_path / "file", "x")
    assert files.write(tmp_path / "file", "y")
    assert (tmp_path / "file").read_text() == "y"


def test_a_closed_folder_above_keeps_others_out(tmp_path):
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    assert files.can_enter("root", inner)
    assert not files.can_enter("nobody", inner)


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        ("https://app.example", r"https://app\.example"),
        ("http://localhost:*", r"http://localhost(:[0-9]+)?"),
        ("https://*.app.example", r"https://[A-Za-z0-9.-]+\.app\.example"),
    ],
)
def test_an_origin_is_matched_as_a_whole(origin, text):
    assert gateway.pattern(origin) == text
