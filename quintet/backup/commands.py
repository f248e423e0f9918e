"""`quintet backup` and `quintet restore`."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from quintet import files, showing
from quintet.failing import Failed
from quintet.options import state_option
from quintet.state import ROOT, SERVICES, State

if TYPE_CHECKING:
    from quintet.backup.manifest import Manifest

ENDING = ".backup"
CONTAINERS_ENV = "settings/containers.env"
"""Where an archive of containers has the lines of .env."""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
service_choice = click.Choice(SERVICES)
key_option = click.option("--key-file", type=FILE, help="A file with the key that seals or opens the archive.")

urls_option = click.option("--databases", "urls", type=FILE, help="A file of NAME=URL lines: databases elsewhere.")


@click.group()
def backup() -> None:
    """Take backups while the system runs, check them and list them."""


@backup.command()
@state_option
@key_option
@click.option("--to", "target", type=click.Path(path_type=Path), help="A file or a folder; else the state's backups/.")
@click.option("--service", "services", type=service_choice, multiple=True, help="Only its database; may be repeated.")
@urls_option
@click.option("--objects", type=FOLDER, help="With --databases: the folder of the object store.")
def create(
    folder: Path,
    key_file: Path | None,
    target: Path | None,
    services: tuple[str, ...],
    urls: Path | None,
    objects: Path | None,
) -> None:
    """Copy databases, objects, keys and settings into one archive.

    The system may be up: every database is copied as of one moment. The archive holds all secrets of the system; keep
    it as you keep them, or seal it with --key-file.

    Example: quintet backup create --to /srv/backups --key-file /etc/quintet.key
    """
    from quintet import settings
    from quintet.backup import elsewhere, taking

    key, state = _key(key_file), State(folder)
    if urls:
        places = elsewhere.places_at(urls, objects, services, settings.read())
    else:
        places = taking.places_of(state, settings.read(), services or SERVICES)
    file = _target(state, target)
    tell_taken(file, taking.take(places, file, key, say))


@backup.command()
@key_option
@click.argument("file", type=FILE)
def verify(file: Path, key_file: Path | None) -> None:
    """Restore an archive beside, and compare counts and checksums; status 1 when something differs.

    Example: quintet backup verify var/backups/quintet-20260314T120000Z.backup
    """
    from quintet import settings
    from quintet.backup.laying_out import lay_out, load_cluster

    with tempfile.TemporaryDirectory(prefix="quintet-verify-") as name:
        Path(name).chmod(0o711)  # PostgreSQL's own user must get through
        laid = lay_out(file, _key(key_file), Path(name) / "var", settings.read(), say)
        if laid.manifest.database == "postgres":
            load_cluster(laid, settings.read(), say)
    if laid.found:
        raise Failed("\n".join(laid.found))
    click.echo(f"Sound: {laid.manifest.rows()} rows and {laid.manifest.objects()} objects are as they were.")


@backup.command("list")
@state_option
@key_option
@click.argument("place", type=FOLDER, required=False)
def list_(folder: Path, key_file: Path | None, place: Path | None) -> None:
    """List the archives in a folder, the newest last: when, how large, what of.

    Example: quintet backup list /srv/backups
    """
    from quintet.backup import archive, sealing

    key = _key(key_file)
    found = sorted((place or State(folder).path("backups")).glob(f"*{ENDING}"))
    for file in found:
        size = f"{showing.size(file.stat().st_size):>10}"
        if sealing.is_sealed(file) and key is None:
            click.echo(f"{file.name} {size}  sealed")
            continue
        try:
            manifest = archive.read_manifest(file, key)
        except Failed as error:
            click.secho(f"{file.name} {size}  {error.format_message()}", fg="red")
            continue
        what = f"{manifest.database}, {manifest.rows()} rows, {manifest.objects()} objects"
        when, whose = f"{manifest.created_at:%Y-%m-%d %H:%M:%S}", ", ".join(manifest.databases)
        click.echo(f"{file.name} {size}  {when}  {what}: {whose}")
    if not found:
        click.echo("No archives.")


@backup.command("settings")
@key_option
@click.option("--to", "target", type=click.Path(path_type=Path), default=ROOT / ".env", show_default=True)
@click.argument("file", type=FILE)
def settings_(file: Path, key_file: Path | None, target: Path) -> None:
    """Write the .env out of an archive of containers, for a machine that has none.

    Example: quintet backup settings backups/quintet-20260314T120000Z.backup
    """
    from quintet.backup import archive

    if target.exists():
        raise Failed(f"{target} is there already; name another with --to.")
    with tempfile.TemporaryDirectory(prefix="quintet-settings-") as name:
        archive.unpack(file, _key(key_file), Path(name), lambda member: member == CONTAINERS_ENV)
        if not (laid := Path(name) / CONTAINERS_ENV).exists():
            raise Failed(f"{file} was not taken of containers: `restore` puts its settings back with everything else.")
        files.write(target, laid.read_text())
    click.echo(f"{target} is as it was. Now start PostgreSQL and restore the databases; docs/operate.md says how.")


@click.command()
@state_option
@key_option
@click.option("--service", type=service_choice, help="Only this service's database, and the objects that are gone.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@urls_option
@click.argument("file", type=FILE)
def restore(folder: Path, key_file: Path | None, service: str | None, yes: bool, urls: Path | None, file: Path) -> None:
    """Put an archive in the system's place, which must be down; or one service's part, while the others run.

    The archive is laid out and checked beside first. What was in place is moved aside, not removed. The others refill
    what the databases have missed since (docs/guarantees.md says what can't come back).

    Example: quintet down; quintet restore quintet-20260314T120000Z.backup --yes; quintet up
    """
    from quintet import settings
    from quintet.backup import elsewhere, putting_back

    state, key = State(folder), _key(key_file)
    if urls:
        where = elsewhere.read_urls(urls)
        if service not in where:
            raise Failed("With --databases, name a --service of that file: they are loaded one by one.")
        elsewhere.load_into(file, key, service, where[service], settings.read(), say)
        click.echo(f"Loaded. Before {service} runs: flask migrate, then flask bus-restored, in its own image.")
        return
    if not yes:
        what = f"{service}'s database" if service else "everything"
        click.confirm(f"Put {what} in {state.folder} back to {file.name}?", abort=True)
    if service:
        before = putting_back.one_service(state, file, key, service, settings.read(), say)
        click.echo(f"{service} is restored; what it had before is kept as {before}.")
    else:
        aside = putting_back.whole(state, file, key, settings.read(), say)
        click.echo(f"Restored. What was there before is in {aside}; remove it when all is well. Now run up.")


def _key(file: Path | None) -> bytes | None:
    from quintet.backup.sealing import read_key

    return read_key(file) if file else None


def _target(state: State, target: Path | None) -> Path:
    if target is None:
        target = state.path("backups")
        target.mkdir(mode=0o700, exist_ok=True)
    file = target / f"quintet-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{ENDING}" if target.is_dir() else target
    if file.exists():
        raise Failed(f"{file} is there already.")
    if not file.parent.is_dir():
        raise Failed(f"There is no folder {file.parent}.")
    return file.absolute()


def tell_taken(file: Path, manifest: "Manifest") -> None:
    """What an archive that was just taken holds, and what it could not."""
    for missing in manifest.missing[:10]:
        click.secho(f"The object {missing} is named and was not there.", fg="yellow", err=True)
    size = showing.size(file.stat().st_size)
    click.echo(f"{file}: {manifest.rows()} rows, {manifest.objects()} objects, {size}.")


def say(what: str) -> None:
    """A line of progress."""
    click.echo(f"  {what}")
