"""What no file may hold: paths of one machine, hosts of a package registry, private keys."""

import re

import pytest

from tests.architecture.sources import files, named

HOSTS = [f"{name}.org" for name in ("py" + "pi", "python" + "hosted")] + ["registry." + "npmjs"]
PATHS = [f"/{name}/" for name in ("work", "root", "home/" + "ubuntu")]
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}")
PICTURES = (".jpg", ".jpeg", ".png", ".ico", ".woff2")


def test_no_file_names_a_machine_or_a_registry_or_holds_a_private_key():
    texts = ((path, path.read_text()) for path in files() if path.suffix not in PICTURES)
    assert [f"{named(path)}: {word}" for path, text in texts for word in forbidden(text)] == []


@pytest.mark.parametrize("word", [*HOSTS, *PATHS])
def test_a_forbidden_word_is_found(word):
    assert forbidden(f"see {word} there") == [word]


def test_a_private_key_is_found():
    assert forbidden("-----BEGIN PRIVATE " + "KEY-----\n" + "A" * 64) == ["a private key"]


def test_a_path_of_the_repository_is_no_path_of_the_machine():
    assert forbidden("network/ and framework/x and $root/bin and homework/") == []


def forbidden(text: str) -> list[str]:
    """The forbidden words in a text; a path counts where it begins there."""
    starts = [path for path in PATHS if any(f"{before}{path}" in f" {text}" for before in " \n\t\"'`(=:")]
    return [*(host for host in HOSTS if host in text), *starts, *(["a private key"] * bool(PRIVATE_KEY.search(text)))]
