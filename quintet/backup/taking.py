"""Takes a backup: all databases held at once, then copied, then the objects that they name, then one archive."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from quintet import binaries, environment
from quintet.backup import archive, postgres_dumps, sqlite_copies
from quintet.backup.manifest import DatabaseCopy, Manifest, member_of
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.settings import OperatorSettings
from quintet.state import RESTORING, State

SETTINGS = ("state.json", "secrets", "settings", "overrides")
OWNERS = ("files",)
"""Tables whose rows keep their objects as long as they stand; others (outbox, imports, jobs) name what may be gone."""

Say = Callable[[str], None]
Source = sqlite_copies.SqliteSource | postgres_dumps.PostgresSource


@dataclass(frozen=True)
class Places:
    """Where everything is: a URL for each service's database, the object store, the folder of keys and settings."""

    urls: dict[str, str]
    files: Path | None
    settings: Path | None
    programs: Path | None = None

    @property
    def kind(self) -> Literal["sqlite", "postgres"]:
        return "postgres" if any(url.startswith("postgresql") for url in self.urls.values()) else "sqlite"


def places_of(state: State, settings: OperatorSettings, services: tuple[str, ...]) -> Places:
    """The places of a system of the local shape."""
    if not state.path("state.json").exists():
        raise Failed(f"There is no system in {state.folder}.")
    if state.path(RESTORING).exists():
        raise Failed("A restore of this system was cut short; run it again first.")
    shape = state.shape()
    urls = {name: environment.database_url(name, shape, Keys(state)) for name in services}
    urls = {name: url.replace("sqlite:///", f"sqlite:///{state.folder}/") for name, url in urls.items()}
    programs = binaries.postgres(settings) if shape.database == "postgres" else None
    return Places(urls, state.path("files"), state.folder, programs)


def take(places: Places, target: Path, key: bytes | None, say: Say) -> Manifest:
    """Writes the archive at `target` and tells what it holds.

    The copies it is made of lie in the state folder meanwhile: not at the target, which is to see nothing unsealed.
    """
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=places.settings) as name, ExitStack() as held:
        folder = Path(name)
        created_at = datetime.now(UTC)
        sources = {}
        for service, url in places.urls.items():
            sources[service] = _open(url, places)
            held.callback(sources[service].close)
        databases, named, kept = _copy_databases(sources, folder, say)
        missing = _keep_objects(places.files, folder, named, kept, say) if places.files else []
        if places.settings:
            _copy_settings(places.settings, folder)
        members = {str(file.relative_to(folder)): member_of(file) for file in _files(folder)}
        manifest = Manifest(
            created_at=created_at, database=places.kind, databases=databases, members=members, missing=missing
        )
        say("writing the archive")
        archive.write(target, manifest, folder, key)
    return manifest


def _open(url: str, places: Places) -> Source:
    if url.startswith("sqlite:///"):
        return sqlite_copies.SqliteSource(Path(url.removeprefix("sqlite:///")))
    return postgres_dumps.PostgresSource(url, places.programs)


def _copy_databases(
    sources: dict[str, Source], folder: Path, say: Say
) -> tuple[dict[str, DatabaseCopy], set[str], set[str]]:
    """Copies every database; what came of each, the objects named anywhere, and those that must be there."""
    databases, named, kept = {}, set(), set()
    for service, source in sources.items():
        suffix = sqlite_copies.SUFFIX if isinstance(source, sqlite_copies.SqliteSource) else postgres_dumps.SUFFIX
        member = f"{service}/{service}.{suffix}"
        (folder / service).mkdir()
        tables, keys = source.copy(folder / member, _progress(service, say))
        databases[service] = DatabaseCopy(member=member, tables=tables)
        named |= set().union(*keys.values())
        kept |= set().union(*(keys.get(table, set()) for table in OWNERS))
        say(f"{service}: {sum(table.rows for table in tables.values())} rows")
    return databases, named, kept


def _progress(service: str, say: Say) -> Callable[[int, int], None]:
    told = 0

    def progress(done: int, total: int) -> None:
        nonlocal told
        tenth = 10 * done // max(total, 1)
        if told < tenth < 10:
            say(f"{service}: {10 * tenth} %")
        told = max(told, tenth)

    return progress


def _keep_objects(store: Path, folder: Path, named: set[str], kept: set[str], say: Say) -> list[str]:
    """Links every object that a row names, so that it can't go any more; those that a file's row names in vain."""
    missing = []
    for key in sorted(named):
        target = folder / "files" / key
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _link(store / key, target)
        except FileNotFoundError:
            missing += [key] if key in kept else []
    say(f"{len(named)} objects named, {len(missing)} of them not there any more")
    return missing


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)  # another file system, or one without links


def _copy_settings(source: Path, folder: Path) -> None:
    for name in SETTINGS:
        for file in [source / name] if (source / name).is_file() else _files(source / name):
            if file.suffix == ".new":  # a file that is just being written
                continue
            target = folder / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
