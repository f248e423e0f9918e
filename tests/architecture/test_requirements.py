"""Each service declares every package that it imports, uses what it declares, and is locked by hash alone."""

import re
from pathlib import Path

import pytest

from tests.architecture.declared import declared, needed
from tests.architecture.sources import ROOT, SERVICES, files, named

NOT_IMPORTED = {
    "gunicorn": "the server that runs the api role, started by name",
    "psycopg": "PostgreSQL's driver, loaded by SQLAlchemy when DATABASE_URL asks for it",
    "simple-websocket": "the WebSocket under Socket.IO, loaded by python-engineio when it is there",
    "packaging": "what Gunicorn's gevent worker imports and does not declare",
    "python-socketio": "what Flask-SocketIO hands out; its protocol is ours to pin",
}
"""Declared packages that no module of the service or the library imports, and why they are declared."""

ADDRESS = re.compile(r"https?://|file://|git\+|--(extra-)?index-url|--find-links| @ ")
LOCKS = [path for path in files(".txt") if path.name == "requirements.txt" or path.parent == ROOT / "requirements"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_declares_every_package_it_imports(service):
    assert undeclared(ROOT, service) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_uses_every_package_it_declares_itself(service):
    own = declared(ROOT / f"services/{service}/requirements.in") - declared(ROOT / "shared/requirements.in")
    assert own - needed(ROOT, f"services/{service}") - set(NOT_IMPORTED) == set()


def test_the_library_uses_every_package_it_declares():
    assert declared(ROOT / "shared/requirements.in") - needed(ROOT, "shared") - set(NOT_IMPORTED) == set()


def test_every_exception_is_still_declared_and_still_not_imported():
    everything = set().union(*(declared(ROOT / f"services/{service}/requirements.in") for service in SERVICES))
    imported = set().union(*(needed(ROOT, f"services/{service}") for service in SERVICES))
    assert set(NOT_IMPORTED) <= everything - imported


@pytest.mark.parametrize("folder", ["quintet", "demo", "chaos"])
def test_what_runs_beside_the_services_is_declared_for_one_machine(folder):
    assert needed(ROOT, folder) - declared(ROOT / "requirements/local.in") == set()


def test_a_package_imported_only_through_the_library_and_late_is_reported(tmp_path):
    lay(tmp_path, "import flask\nfrom shared.tools import pictures\n")
    assert undeclared(tmp_path, "auth") == {"pillow"}


def test_a_relative_import_is_followed_too(tmp_path):
    lay(tmp_path, "from . import lamp\n")
    (tmp_path / "services/auth/lamp.py").write_text("import requests\n")
    assert undeclared(tmp_path, "auth") == {"requests"}


@pytest.mark.parametrize("lock", LOCKS, ids=named)
def test_a_lock_holds_versions_and_hashes_and_no_address(lock):
    assert wrong_in_lock(lock.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "flask==3.1.3",
        "flask>=3.1 --hash=sha256:" + "0" * 64,
        "flask @ https://example.org/flask.whl --hash=sha256:" + "0" * 64,
        "--index-url https://example.org/simple",
    ],
)
def test_a_loose_or_addressed_line_of_a_lock_is_reported(line):
    assert wrong_in_lock(f"# a lock\nclick==8.1 \\\n    --hash=sha256:{'1' * 64}\n{line}\n") == [line]


def undeclared(root: Path, service: str) -> set[str]:
    """What a service imports, itself or through the library, and does not declare."""
    return needed(root, f"services/{service}") - declared(root / f"services/{service}/requirements.in")


def wrong_in_lock(text: str) -> list[str]:
    """Lines that are not `name==version --hash=...`, or that say from where."""
    lines = [line.split(" #")[0].strip() for line in text.replace("\\\n", " ").splitlines()]
    kept = [line for line in lines if line and not line.startswith("#")]
    pinned = re.compile(r"[a-zA-Z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+( ;.*?)?\s+--hash=sha256:[0-9a-f]{64}.*")
    return [line for line in kept if not pinned.fullmatch(line) or ADDRESS.search(line)]


def lay(root: Path, text: str) -> None:
    """A tree with one service and a library that imports Pillow inside a function."""
    for path, content in {
        "services/auth/app.py": text,
        "services/auth/requirements.in": "-r ../../shared/requirements.in\nflask>=3\n",
        "shared/requirements.in": "# nothing yet\n",
        "shared/__init__.py": "",
        "shared/tools/__init__.py": "",
        "shared/tools/pictures.py": "def shrink(path):\n    from PIL import Image\n    return Image.open(path)\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
