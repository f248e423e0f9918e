"""Puts an archive back into the databases and the object store of a system in containers."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from quintet import binaries, files
from quintet.backup import archive, postgres_dumps
from quintet.backup.manifest import Manifest, differences, require_services
from quintet.backup.service_databases import create_empty, take_places
from quintet.backup.taking import Say
from quintet.containers.system import ENV, ContainerSystem
from quintet.failing import Failed
from quintet.outsiders import FILE as OUTSIDE
from quintet.settings import OperatorSettings
from quintet.state import SERVICES
from shared.objects import sync_folder

GOING_SECONDS = 5.0
"""So long a connection that was hung up may still be seen."""
KEEPING = ("SIGNING_KEYS_SECRET", "EVENT_SEAL_KEYS")
"""Without these, what lies sealed in the databases can't be read again."""


def restore(
    system: ContainerSystem,
    file: Path,
    key: bytes | None,
    services: tuple[str, ...],
    settings: OperatorSettings,
    say: Say,
) -> dict[str, str]:
    """Puts these services' databases back, all or none, and what else is gone; where the old ones are now.

    Each is laid beside and compared first. None of the services' processes may be connected.
    """
    manifest = archive.read_manifest(file, key)
    require_services(manifest, services)
    if manifest.database != "postgres":
        raise Failed(f"The archive is of {manifest.database}; the containers stand on PostgreSQL.")
    beside = tempfile.TemporaryDirectory(prefix=".restore-", dir=system.state.folder)
    with beside as name, system.administered() as admin:
        folder = Path(name)
        _be_alone(admin)
        _require_idle(admin, services)
        archive.unpack(file, key, folder, lambda member: _is_wanted(member, manifest, services))
        say(f"{len(manifest.members)} files unpacked, each as it was written")
        _require_keys(system, folder)
        _make_missing(admin, services)
        for service in services:
            _lay_beside(system, admin, manifest, service, folder, settings)
            say(f"{service}: {manifest.databases[service].rows()} rows laid beside, as they were")
        say(f"{bring_objects(folder / 'files', system.store)} objects put back")
        if bring_outsiders(folder, system):
            say("the services outside are known again")
        _require_idle(admin, services)
        kept = take_places(admin, {f"{service}_restored": service for service in services})
        return {service: name for service, name in kept.items() if not _is_dropped_as_empty(system, admin, name)}


def _be_alone(admin: Any) -> None:
    """Two at once would lay their databases beside under the same names; the lock goes with the connection."""
    if not admin.execute("SELECT pg_try_advisory_lock(hashtext('quintet restore'))").fetchone()[0]:
        raise Failed("Another restore is at work; come again when it is done.")


def _is_wanted(member: str, manifest: Manifest, services: tuple[str, ...]) -> bool:
    dumps = [manifest.databases[one].member for one in services]
    return member.startswith("files/") or member in (ENV, OUTSIDE, *dumps)


def _require_idle(admin: Any, services: tuple[str, ...]) -> None:
    """A process that lives on while its database goes back under it might write into neither or both."""
    asked = "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = ANY(%s) AND usename = ANY(%s)"
    deadline = time.monotonic() + GOING_SECONDS
    while busy := [name for (name,) in admin.execute(asked, [list(services), list(services)])]:
        if time.monotonic() > deadline:
            names = ", ".join(sorted(busy))
            raise Failed(f"{names} at work on what is to be put back: stop all of its containers first.")
        time.sleep(0.2)


def _require_keys(system: ContainerSystem, folder: Path) -> None:
    """Fails where the archive's databases were sealed with keys that this system does not have."""
    if not (folder / ENV).exists():
        return  # of an archive that holds databases alone
    told = dotenv_values(folder / ENV, interpolate=False)
    if other := [name for name in KEEPING if told.get(name) != system.known.get(name)]:
        raise Failed(f"{', '.join(other)} in .env: not the archive's. `quintet backup settings` writes its .env.")


def _make_missing(admin: Any, services: tuple[str, ...]) -> None:
    """A database that is gone wholly leaves its place to an empty one."""
    there = {name for (name,) in admin.execute("SELECT datname FROM pg_database")}
    for service in set(services) - there:
        create_empty(admin, service, owner=service)


def _is_dropped_as_empty(system: ContainerSystem, admin: Any, name: str) -> bool:
    """What nobody had put anything into, as in a new volume, is not worth keeping."""
    from psycopg import sql

    with system.administered(name) as connection:
        if connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone():
            return False
    admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    return True


def _lay_beside(
    system: ContainerSystem, admin: Any, manifest: Manifest, service: str, folder: Path, settings: OperatorSettings
) -> None:
    fresh, copy = f"{service}_restored", manifest.databases[service]
    create_empty(admin, fresh, owner=service)
    url = system.url(service, fresh)
    postgres_dumps.load(folder / copy.member, url, binaries.postgres(settings))
    if found := list(differences(service, copy.tables, postgres_dumps.sums(url))):
        raise Failed("The archive does not hold what it tells; nothing was touched:\n  " + "\n  ".join(found))


def bring_objects(laid: Path, store: Path) -> int:
    """Copies objects where they are gone, as the store's owner has them; those that are there are the same."""
    count = 0
    for source in _files(laid):
        target = store / source.relative_to(laid)
        if target.exists():
            continue
        for above in (*reversed(target.relative_to(store).parents[:-1]),):
            _make_folder(store / above, store)
        fresh = target.with_name(f".{target.name}.new")
        shutil.copyfile(source, fresh)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())  # another file system's copy: its name must not be there before its bytes
        _as_the_store_s(fresh, store, 0o644)
        fresh.rename(target)
        sync_folder(target.parent)
        count += 1
    return count


def bring_outsiders(laid: Path, system: ContainerSystem) -> bool:
    """Puts the list of services outside back where it is gone; one that is there stays: it may shut doors since."""
    if system.outsiders.file.exists() or not (laid / OUTSIDE).exists():
        return False
    return files.write(system.outsiders.file, (laid / OUTSIDE).read_text(), mode=system.outsiders.mode)


def _make_folder(folder: Path, store: Path) -> None:
    if not folder.exists():
        folder.mkdir()
        _as_the_store_s(folder, store, 0o755)


def _as_the_store_s(path: Path, store: Path, mode: int) -> None:
    owner = store.stat()
    path.chmod(mode)
    shutil.chown(path, owner.st_uid, owner.st_gid)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def of_all(services: tuple[str, ...]) -> tuple[str, ...]:
    """Those, or every service."""
    return services or SERVICES
