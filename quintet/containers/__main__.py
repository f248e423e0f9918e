"""`docker-compose run --rm operator …`: the operator's command where there is no state folder and no supervisor."""

from datetime import UTC, datetime
from pathlib import Path

import click

from quintet import bus_commands, dead_commands, events_commands
from quintet import settings as operator_settings
from quintet.backup import commands as of_one_machine
from quintet.backup.commands import FILE, key_option, service_choice
from quintet.cli import trace
from quintet.containers import settings
from quintet.containers.restoring import of_all
from quintet.containers.system import ContainerSystem

WORK, BACKUPS, KEY = Path("/scratch"), Path("/backups"), Path("/run/backup.key")
COMPOSE = "docker-compose up -d"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.pass_context
def main(context: click.Context) -> None:
    """Look after the containers: backups, the bus, events, dead letters, traces."""
    context.obj = ContainerSystem(settings.read(), WORK / "system")
    context.obj.lay_view()


@main.group()
def backup() -> None:
    """Take backups while the system runs, check them and list them. They lie in BACKUP_FOLDER (./backups)."""


@backup.command()
@key_option
@click.option("--service", "services", type=service_choice, multiple=True, help="Only its database; may be repeated.")
@click.pass_obj
def create(system: ContainerSystem, key_file: Path | None, services: tuple[str, ...]) -> None:
    """Copy databases, objects and .env into one archive, while the system runs.

    It holds all secrets of the system: keep it as you keep .env, or name a key for it (BACKUP_KEY_FILE in .env).
    """
    from quintet.backup import taking

    file = BACKUPS / f"quintet-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{of_one_machine.ENDING}"
    places = system.places(of_all(services), operator_settings.read())
    manifest = taking.take(places, file, _key(key_file), of_one_machine.say)
    of_one_machine.tell_taken(file, manifest)


@backup.command()
@key_option
@click.argument("file", type=FILE)
@click.pass_context
def verify(context: click.Context, file: Path, key_file: Path | None) -> None:
    """Restore an archive beside, and compare counts and checksums; status 1 when something differs."""
    context.invoke(of_one_machine.verify, file=file, key_file=_key_file(key_file))


@backup.command("list")
@key_option
@click.pass_context
def list_(context: click.Context, key_file: Path | None) -> None:
    """List the archives, the newest last: when, how large, what of."""
    context.invoke(of_one_machine.list_, place=BACKUPS, key_file=_key_file(key_file))


@main.command()
@key_option
@click.option("--service", "services", type=service_choice, multiple=True, help="Only its database; may be repeated.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.argument("file", type=FILE)
@click.pass_obj
def restore(system: ContainerSystem, key_file: Path | None, services: tuple[str, ...], yes: bool, file: Path) -> None:
    """Put an archive's databases in place, and objects that are gone; the services must be stopped, PostgreSQL up.

    Each database is laid beside and compared first, then all change places at once. What was there is kept under
    another name. Then start everything: migrations run first.
    """
    from quintet.containers import restoring

    wanted = of_all(services)
    if not yes:
        click.confirm(f"Put {', '.join(wanted)} back to {file.name}?", abort=True)
    kept = restoring.restore(system, file, _key(key_file), wanted, operator_settings.read(), of_one_machine.say)
    for service, name in kept.items():
        click.echo(f"{service}'s database of before is kept as {name}.")
    click.echo(f"Restored. Now run {COMPOSE}.")


def _key_file(given: Path | None) -> Path | None:
    """The key that was named, or the one that Compose lays there; it is no file where none was set."""
    return given or (KEY if KEY.is_file() else None)


def _key(given: Path | None) -> bytes | None:
    from quintet.backup.sealing import read_key

    file = _key_file(given)
    return read_key(file) if file else None


for command in (bus_commands.bus, events_commands.events, dead_commands.dead, trace):
    main.add_command(command)

if __name__ == "__main__":
    main()
