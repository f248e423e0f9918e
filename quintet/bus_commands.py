"""`quintet bus`: how the bus of the whole system stands."""

import time
from pathlib import Path

import click

from quintet.options import json_option, state_option
from quintet.showing import say_json, say_silent
from quintet.state import State

WATCH_SECONDS = 2.0


@click.group()
def bus() -> None:
    """See how events and commands flow between the services, and where they don't."""


@bus.command()
@state_option
@json_option
@click.option("--partitions", is_flag=True, help="A line for each partition, instead of their sums.")
@click.option("--watch", is_flag=True, help="Again every two seconds, until Ctrl-C.")
def status(folder: Path, as_json: bool, partitions: bool, watch: bool) -> None:
    """Show numbers, lag, what waits and is parked, commands, alarms; status 1 when something needs a look.

    docs/observe.md says what each number means and when to act.

    Example: quintet bus status --watch
    """
    if not watch:
        raise SystemExit(0 if _show(folder, as_json=as_json, partitions=partitions) else 1)
    try:
        while True:
            if not as_json:
                click.clear()
            _show(folder, as_json=as_json, partitions=partitions)
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        return


def _show(folder: Path, *, as_json: bool, partitions: bool) -> bool:
    """Shows it once; whether all services answer and none raises an alarm."""
    from quintet import bus_picture
    from quintet.doors import Doors

    doors = Doors(State(folder))
    statuses, silent = doors.ask_each(doors.services, lambda name: doors.bus(name, "GET", "status"))
    if as_json:
        say_json({"services": statuses, "silent": silent})
    elif statuses:
        for line in bus_picture.lines(statuses, by_partition=partitions):
            click.echo(line)
    say_silent(silent, "what it knows is missing.")
    return not silent and not any(status["alarms"] for status in statuses.values())
