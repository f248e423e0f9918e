"""Puts an archive in the place of a system that is down, or of one service of a system that may be up."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from quintet import hunt, processes, readiness, stop
from quintet.backup import swapping
from quintet.backup.laying_out import LaidOut, lay_out, load_cluster, ready_databases
from quintet.backup.manifest import require_services
from quintet.backup.service_databases import put_back_database
from quintet.backup.taking import Say
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.settings import OperatorSettings
from quintet.state import SERVICES, State
from quintet.supervision import Supervisor
from shared.objects import sync_folder

BESIDE = ".restore-"
WHOLE = (*SERVICES, "postgres", "files", "secrets", "settings", "overrides", "redis", "rabbitmq", "state.json")
"""What is swapped; the brokers begin empty, for they hold nothing that the databases don't."""


def whole(state: State, file: Path, key: bytes | None, settings: OperatorSettings, say: Say) -> Path:
    """Puts everything back; where it was before is returned. Nothing of the system may run."""
    with _at_work(state, say):
        if left := hunt.living(state):
            raise Failed(f"{len(left)} processes of the system live: run down first, or restore one --service.")
        with _beside(state) as folder:
            laid = lay_out(file, key, folder, settings, say)
            require_services(laid.manifest, SERVICES)
            _require_keys(laid)
            if laid.manifest.database == "postgres":
                load_cluster(laid, settings, say)
            _require_sound(laid)
            ready_databases(laid, SERVICES, settings, say)
            aside = _aside(state)
            swapping.swap(state, folder, WHOLE, aside)
            swapping.done(state)
    return aside


def one_service(state: State, file: Path, key: bytes | None, service: str, settings: OperatorSettings, say: Say) -> str:
    """Puts one service's database back, and the objects that are gone; where its database was before is returned."""
    if not state.path("state.json").exists():
        raise Failed(f"There is no system in {state.folder}; restore all of it.")
    with _at_work(state, say), _beside(state) as folder:
        _require_supervisor(state)
        laid = lay_out(file, key, folder, settings, say, (service,))
        if laid.manifest.database != state.shape().database:
            raise Failed(f"The system is on {state.shape().database}, the archive of {laid.manifest.database}.")
        _require_sound(laid)
        say(f"{_add_objects(state, folder)} objects put back")
        if laid.manifest.database == "postgres":
            with (
                put_back_database(state, laid, service, settings, say) as swap,
                _stopped(state, service, settings, say),
            ):
                before = swap()
        else:
            ready_databases(laid, (service,), settings, say)
            aside = _aside(state)
            with _stopped(state, service, settings, say):
                swapping.swap(state, folder, [service], aside)
                swapping.done(state)
            before = str(aside)
    return before


@contextmanager
def _at_work(state: State, say: Say) -> Iterator[None]:
    """Alone on the state folder, and what an earlier restore has left half done is undone."""
    state.make_folders()
    with state.lock():
        if swapping.undo(state):
            say("undid a restore that was cut short")
        for left in state.folder.glob(f"{BESIDE}*"):  # of one that was killed: it holds secrets
            shutil.rmtree(left)
        yield


@contextmanager
def _beside(state: State) -> Iterator[Path]:
    """A folder on the state's own file system, so that what is laid out there moves into its place in one step."""
    with tempfile.TemporaryDirectory(prefix=BESIDE, dir=state.folder) as name:
        Path(name).chmod(0o711)  # PostgreSQL's own user must get through
        yield Path(name)


def _aside(state: State) -> Path:
    return state.path(f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")


def _require_keys(laid: LaidOut) -> None:
    """Fails where new keys would be made, with which nothing that lies sealed in the databases could be read."""
    if "secrets/keys.json" not in laid.manifest.members:
        raise Failed("The archive has no keys of one machine: it was taken of containers, or of databases alone.")


def _require_sound(laid: LaidOut) -> None:
    if laid.found:
        raise Failed("The archive does not hold what it tells; nothing was touched:\n  " + "\n  ".join(laid.found))


def _require_supervisor(state: State) -> None:
    """Failed where processes live that nobody could be asked to stop."""
    if not Supervisor(state, state.shape(), Keys(state)).is_running() and (left := hunt.living(state)):
        raise Failed(f"No supervisor answers, yet {len(left)} processes live; run down.")


@contextmanager
def _stopped(state: State, service: str, settings: OperatorSettings, say: Say) -> Iterator[None]:
    """The service's processes are stopped within, and run again afterwards, in any case; nothing where none runs."""
    shape = state.shape()
    supervisor = Supervisor(state, shape, Keys(state))
    if not supervisor.is_running():
        yield
        return
    known = supervisor.processes()
    own = [one for one in processes.watched(state, shape) if one.service == service and one.name in known]
    names = {process.name for process in own}
    try:
        stop.end_processes(supervisor, names)
        if left := [name for name, info in supervisor.processes().items() if name in names and info["pid"]]:
            raise Failed(f"{', '.join(left)} did not end; nothing was touched.")
        say(f"{', '.join(sorted(names))} stopped")
        yield
    finally:
        for name in names:
            supervisor.start(name)
    readiness.wait_for(state, supervisor, own, settings.ready_within_seconds, lambda what, _: say(what))


def _add_objects(state: State, folder: Path) -> int:
    """Brings the archive's objects where they are gone; those that are there are the same, for none ever changes."""
    count = 0
    for laid in folder.glob("files/*/*/*"):
        target = state.path(str(laid.relative_to(folder)))
        if not target.exists():
            for above in (target.parent.parent, target.parent):
                if not above.exists():
                    above.mkdir()
                    above.chmod(0o755)
            laid.rename(target)
            sync_folder(target.parent)
            count += 1
    return count
