"""Databases that are reached by URLs: those of a system in containers, or of any that keeps no state folder here."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from dotenv import dotenv_values

from quintet import binaries
from quintet.backup import archive, postgres_dumps
from quintet.backup.manifest import differences, require_services
from quintet.backup.taking import Places, Say
from quintet.failing import Failed
from quintet.settings import OperatorSettings
from quintet.state import SERVICES

POSTGRES, SQLITE = "postgresql://", "sqlite:///"


def read_urls(file: Path) -> dict[str, str]:
    """The URL of each service's database, out of a file of NAME=URL lines: on a command line others would see it."""
    urls = {name: url or "" for name, url in dotenv_values(file, interpolate=False).items()}
    if not urls:
        raise Failed(f"{file} names no database: it should have lines as data=postgresql://user:password@host/data.")
    for name, url in urls.items():
        if name not in SERVICES or not url.startswith((POSTGRES, SQLITE)):
            raise Failed(f"{file}: {name} is no service, or its URL is neither {POSTGRES} nor {SQLITE}.")
    if len({url.partition(":")[0] for url in urls.values()}) > 1:
        raise Failed(f"{file} mixes SQLite and PostgreSQL; one archive holds one kind.")
    return urls


def places_at(file: Path, objects: Path | None, services: Iterable[str], settings: OperatorSettings) -> Places:
    """Those databases and a folder of objects; keys and settings are kept elsewhere."""
    urls = read_urls(file)
    if lacking := [name for name in services if name not in urls]:
        raise Failed(f"{file} does not say where the database of {', '.join(lacking)} is.")
    wanted = tuple(services) or tuple(urls)
    urls = {name: urls[name] for name in wanted}
    programs = binaries.postgres(settings) if any(url.startswith(POSTGRES) for url in urls.values()) else None
    return Places(urls, objects, None, programs)


def load_into(file: Path, key: bytes | None, service: str, url: str, settings: OperatorSettings, say: Say) -> None:
    """Puts a service's dump into the empty database at a URL, and compares; Failed where it is not empty."""
    if not url.startswith(POSTGRES):
        raise Failed("Only a PostgreSQL database is loaded over its URL; a SQLite file lies in a state folder.")
    if tables := postgres_dumps.sums(url):
        raise Failed(f"That database of {service} is not empty: it has {len(tables)} tables. Nothing was touched.")
    with tempfile.TemporaryDirectory(prefix="quintet-load-") as name:
        manifest = archive.read_manifest(file, key)
        require_services(manifest, [service])
        if manifest.database != "postgres":
            raise Failed(f"The archive is of {manifest.database}.")
        copy = manifest.databases[service]
        archive.unpack(file, key, Path(name), lambda member: member == copy.member)
        say("the archive is whole")
        postgres_dumps.load(Path(name) / copy.member, url, binaries.postgres(settings))
    if found := list(differences(service, copy.tables, postgres_dumps.sums(url))):
        raise Failed("What came is not what was told:\n  " + "\n  ".join(found))
