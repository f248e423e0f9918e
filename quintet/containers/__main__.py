"""`docker-compose run --rm operator …`: the operator's command where there is no state folder and no supervisor."""

import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click

from quintet import bus_commands, cli, dead_commands, events_commands, service_commands
from quintet import settings as operator_settings
from quintet.backup import commands as of_one_machine
from quintet.backup.commands import key_option, service_choice
from quintet.containers import settings
from quintet.containers.restoring import of_all
from quintet.containers.system import ContainerSystem
from quintet.failing import Commands, Failed
from quintet.options import logs_option

WORK, BACKUPS, KEY = Path("/scratch"), Path("/backups"), Path("/run/backup.key")
COMPOSE = "docker-compose up -d"


class Archive(click.Path):
    """A file in the folder of archives, by its name or as it is called outside: backups/<name>."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path inside."""
        named = BACKUPS / Path(value).name
        return super().convert(value if Path(value).exists() or not named.exists() else named, param, ctx)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.pass_context
def main(context: click.Context) -> None:
    """Look after the containers: backups, the bus, events, dead letters, traces, services outside."""
    context.obj = ContainerSystem(settings.read(), WORK / "system")
    context.obj.lay_view()
    context.meta[service_commands.REGISTER] = context.obj.outsiders


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
    of_folder = BACKUPS.stat()
    shutil.chown(file, of_folder.st_uid, of_folder.st_gid)  # who owns the folder outside can read what lies in it
    of_one_machine.tell_taken(file, manifest)


@backup.command()
@key_option
@click.argument("file", type=Archive())
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
@click.argument("file", type=Archive())
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


@main.command()
@click.argument("trace_id")
@logs_option
@click.pass_context
def trace(context: click.Context, trace_id: str, logs: TextIO | None) -> None:
    """Show the timeline of a trace: what every service has of it in its rows, and in the logs that are piped in."""
    try:
        context.invoke(cli.trace, folder=context.obj.state.folder, trace_id=trace_id, logs=logs)
    finally:
        if logs is None:
            piped = f"docker-compose logs --no-color | grep {trace_id}"
            again = f"docker-compose run --rm -T operator trace {trace_id} --logs -"
            click.echo(f"With its lines of logs: {piped} | {again}", err=True)


def _key_file(given: Path | None) -> Path | None:
    """The key that was named, or the one that Compose lays there; /dev/null where none was set."""
    if given is None and KEY.is_dir():
        raise Failed("BACKUP_KEY_FILE names no file; the engine made a folder of that name. Put the key in its place.")
    return given or (KEY if KEY.is_file() else None)


def _key(given: Path | None) -> bytes | None:
    from quintet.backup.sealing import read_key

    file = _key_file(given)
    return read_key(file) if file else None


for command in (bus_commands.bus, events_commands.events, dead_commands.dead, service_commands.service):
    main.add_command(command)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # process 1 has no default of its own
    main(prog_name="docker-compose run --rm operator")
