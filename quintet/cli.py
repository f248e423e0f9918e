"""What the operator types: up, down, status, logs, trace; and of the bus: status, events, dead letters."""

import os
import time
from pathlib import Path
from typing import TextIO

import click

from quintet import (
    bus_commands,
    dead_commands,
    envfile,
    events_commands,
    processes,
    report,
    roll_command,
    service_commands,
    settings,
    start,
    stop,
    telling,
)
from quintet.backup.commands import backup, restore
from quintet.choosing import Choices
from quintet.failing import Commands, Failed
from quintet.options import logs_option, state_option
from quintet.state import ROOT, State

PORT = click.IntRange(0, 65535)
FEW = 8
"""So many names an operator reads."""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Start, watch and end a whole Quintet system on this machine.

    Settings are environment variables; docs/settings.md lists them.
    """


@main.command()
@state_option
@click.option("--database", type=click.Choice(["sqlite", "postgres"]), envvar="DATABASE", help="Which one to use.")
@click.option("--broker", type=click.Choice(["redis", "rabbitmq"]), envvar="BROKER", help="What carries bus and tasks.")
@click.option("--port", type=PORT, envvar="PORT", help="The gateway's port; 0 for any that is free.")
@click.option("--mail-port", type=PORT, envvar="MAIL_PORT", help="The port of the mail catcher's page.")
@click.option("--scale", metavar="NAME=N", multiple=True, help="Run N of a process, as data=2 or mail-tasks=3.")
def up(folder: Path, scale: tuple[str, ...], **chosen: str | int | None) -> None:
    """Start everything and return when it is ready.

    What was chosen is remembered in the state folder: an option that is not given stays as it was. On a system that is
    up, --scale starts and stops the difference.
    """
    began, state = time.monotonic(), State(folder)
    choices = Choices(**chosen, counts=_counts(scale))
    if start.Up(state, settings.read(), _say).run(choices):
        click.secho(f"Quintet is up, {time.monotonic() - began:.1f} s.", bold=True)
    else:
        click.secho("Quintet is up already.", bold=True)
    click.echo(telling.addresses(state, settings.read()))


@main.command()
@state_option
def down(folder: Path) -> None:
    """End every process of the system, whatever state it is in. Data stays."""
    click.echo("Quintet is down." if stop.down(State(folder), click.echo) else "Quintet was not up.")


@main.command()
@state_option
def status(folder: Path) -> None:
    """Show process, pid, memory, ready, since; status 1 when the system is not wholly ready."""
    state = State(folder)
    found = report.rows(state)
    if not found:
        left = report.leftovers(state)
        none = "Quintet is not up. `bin/quintet up` starts it."
        raise Failed(f"No supervisor answers, yet {left} processes live; run down." if left else none)
    line = "{:<16} {:<9} {:>7} {:>9}  {:<5}  {}"
    click.echo(line.format("PROCESS", "STATE", "PID", "MEMORY", "READY", "SINCE"))
    for row in found:
        since = row.since.strftime("%Y-%m-%d %H:%M:%S") if row.since else "-"
        ready = "yes" if row.is_ready else "no"
        click.echo(line.format(row.name, row.state, row.pid or "-", f"{row.memory / 2**20:.1f} MB", ready, since))
    total = sum(row.memory for row in found)
    click.echo(line.format(f"{len(found)} processes", "", "", f"{total / 2**20:.1f} MB", "", ""))
    if not all(row.is_ready for row in found):
        raise SystemExit(1)


@main.command()
@state_option
@click.option("-n", "--lines", default=10, show_default=True, help="How many past lines of each log to show.")
@click.option("--follow/--no-follow", default=True, show_default=True, help="Go on with what is written from now on.")
@click.argument("names", nargs=-1)
def logs(folder: Path, lines: int, follow: bool, names: tuple[str, ...]) -> None:
    """Follow the logs of all processes, or of those NAMES alone (data, data-bus, gateway, …)."""
    state = State(folder)
    known = sorted(file.stem for file in state.path("log").glob("*.log"))
    if not known:
        raise Failed(f"There are no logs in {state.path('log')}: the system was not up yet.")
    for name in names:
        if name not in known:
            raise Failed(f"There is no log of {name}; there is one of: {', '.join(known)}.")
    files = [str(state.path("log", f"{name}.log")) for name in names or known]
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), *files])  # noqa: S606


@main.command()
@state_option
@click.argument("trace_id")
@logs_option
def trace(folder: Path, trace_id: str, logs: TextIO | None) -> None:
    """Show the timeline of a trace: what every service has of it in its rows and its logs."""
    from quintet import trace as timelines  # it alone needs shared/, without which `down` must work, too

    moments, silent = timelines.timeline(State(folder), trace_id.lower(), logs or ())
    for service in silent:
        click.secho(f"{service} does not answer: what its rows know is missing.", fg="yellow", err=True)
    if not moments:
        raise Failed(f"Nothing is known of the trace {trace_id}.")
    for line in timelines.lines(moments):
        click.echo(line)


@main.command()
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), default=ROOT / ".env", show_default=True)
def env(file: Path) -> None:
    """Write the .env that docker-compose.yml needs; what stands in it already stays as it is.

    Settings are taken from the environment, as PUBLIC_URL or SMTP_HOST; docs/settings.md lists them.
    """
    added = envfile.write(file, say=click.echo)
    what = ", ".join(added) if len(added) < FEW else f"{len(added)} values"
    click.echo(f"Added to {file}: {what}." if added else f"{file} has all that is needed.")


BUS = (bus_commands.bus, events_commands.events, dead_commands.dead)
AUTHORS = (service_commands.new_service, service_commands.service)
for command in (*BUS, backup, restore, roll_command.roll, *AUTHORS):
    main.add_command(command)


def _say(what: str, seconds: float | None) -> None:
    click.echo(f"  {what:<40}{'' if seconds is None else f'{seconds:6.1f} s'}")


def _counts(scale: tuple[str, ...]) -> dict[str, int]:
    counts = {}
    for pair in scale:
        name, _, number = pair.partition("=")
        if not number.isdigit():
            raise Failed(f"--scale {pair}: say it as NAME=N; names are {', '.join(sorted(processes.scalable()))}.")
        counts[name] = int(number)
    return counts
