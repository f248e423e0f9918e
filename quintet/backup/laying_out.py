"""Lays an archive out beside the system, as a state folder of its own, and compares it with what it tells of itself."""

import dataclasses
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from quintet import binaries, environment, ports, postgres
from quintet.backup import archive, postgres_dumps, sqlite_copies
from quintet.backup.manifest import Manifest, differences, require_services
from quintet.backup.taking import Say
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.marking import mark_restored
from quintet.provisioning import Provisioning
from quintet.settings import OperatorSettings
from quintet.state import Shape, State


@dataclass
class LaidOut:
    """An archive as a state folder; `found` is what differs from its manifest."""

    state: State
    manifest: Manifest
    found: list[str]


def lay_out(
    file: Path, key: bytes | None, folder: Path, settings: OperatorSettings, say: Say, services: tuple[str, ...] = ()
) -> LaidOut:
    """Unpacks these services' databases, or all with everything else, below `folder`, and compares them."""
    manifest = archive.read_manifest(file, key)
    wanted = services or tuple(manifest.databases)
    require_services(manifest, wanted)
    state = State(folder)
    state.make_folders()
    dropped = {copy.member for name, copy in manifest.databases.items() if name not in wanted}
    archive.unpack(file, key, folder, lambda name: name not in dropped)
    say(f"{len(manifest.members)} files unpacked, each as it was written")
    laid = LaidOut(state, manifest, [])
    if manifest.database == "sqlite":
        for service in wanted:
            found, _ = sqlite_copies.sums(folder / manifest.databases[service].member)
            laid.found += differences(service, manifest.databases[service].tables, found)
    return laid


def load_cluster(laid: LaidOut, settings: OperatorSettings, say: Say) -> None:
    """Puts every dump into a new cluster within the laid out folder, and compares; the cluster is stopped again."""
    programs = binaries.postgres(settings)
    keys, shape = Keys(laid.state), dataclasses.replace(laid.state.shape(), database="postgres")
    with cluster(laid.state, keys, settings) as port:
        shape = dataclasses.replace(shape, ports={**shape.ports, "postgres": port})
        postgres.create_databases(port, keys)
        for service, copy in laid.manifest.databases.items():
            url = environment.database_url(service, shape, keys)
            postgres_dumps.load(laid.state.path(copy.member), url, programs)
            laid.found += differences(service, copy.tables, postgres_dumps.sums(url))
            laid.state.path(copy.member).unlink()
            say(f"{service} restored beside")


@contextmanager
def cluster(state: State, keys: Keys, settings: OperatorSettings) -> Iterator[int]:
    """The PostgreSQL cluster of a state folder, made where there is none, run for a while on a free port."""
    programs, user, port = binaries.postgres(settings), postgres.run_as(settings), ports.choose()
    postgres.prepare(state, programs, keys, user)
    command = [str(programs / "postgres"), "-D", str(state.path("postgres")), "-p", str(port)]
    command += ["-h", "127.0.0.1", "-k", ""]
    log = state.path("log", "postgres.log").open("ab")
    identity = {"user": user, "group": state.path("postgres").stat().st_gid, "extra_groups": []} if user else {}
    with log, subprocess.Popen(command, stdout=log, stderr=log, cwd=state.path("postgres"), **identity) as process:
        try:
            deadline = time.monotonic() + settings.ready_within_seconds
            while not postgres.accepts(port, keys):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Failed(f"PostgreSQL does not start; its log is {log.name}.")
                time.sleep(0.05)
            yield port
        finally:
            process.send_signal(2)  # SIGINT: no new work, everything on the disk
            process.wait(60)


def ready_databases(laid: LaidOut, services: tuple[str, ...], settings: OperatorSettings, say: Say) -> None:
    """Brings the laid out databases to this version's schema, and marks them as put back."""
    keys, shape = Keys(laid.state), laid.state.shape()
    if shape.database == "postgres":
        with cluster(laid.state, keys, settings) as port:
            there = dataclasses.replace(shape, ports={**shape.ports, "postgres": port})
            _ready(laid.state, services, there, keys, settings, say)
    else:
        _ready(laid.state, services, shape, keys, settings, say)


def _ready(
    state: State, services: tuple[str, ...], shape: Shape, keys: Keys, settings: OperatorSettings, say: Say
) -> None:
    provisioning = Provisioning(state, shape, settings, keys, lambda what, _: say(what))
    for service in services:
        provisioning.migrate(service)
        say(mark_restored(state, service, environment.database_url(service, shape, keys)))
