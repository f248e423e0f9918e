"""`quintet bus`: how the bus of the whole system stands."""

import time
from pathlib import Path
from urllib.parse import quote

import click

from quintet.failing import Failed
from quintet.options import json_option, state_option
from quintet.showing import say_json, say_silent
from quintet.state import SERVICES, State

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


@bus.command()
@state_option
@click.option("--source", metavar="SERVICE", help="Only at this source; else wherever it is known.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.argument("consumer")
def retire(folder: Path, source: str | None, yes: bool, consumer: str) -> None:
    """Retire a consumer that is gone for good, so that no outbox keeps events for it any more.

    A service that is only away for a while needs nothing: its events wait. One that was retired and comes back is
    registered anew, and may have missed what was not kept for it.

    Example: quintet bus retire reports
    """
    from quintet.doors import Doors

    doors = Doors(State(folder))
    lists, silent = doors.ask_each(doors.chosen(source), lambda name: doors.bus(name, "GET", "consumers"))
    known = [name for name, page in lists.items() if _last_report(page, consumer)]
    say_silent(silent, "whether it keeps events for the consumer is not known; retire it there once it does.")
    if not known:
        raise Failed(f"No source that answers keeps events for {consumer}.")
    if not yes:
        newest = max(_last_report(lists[name], consumer) for name in known)
        click.echo(f"{consumer} has last reported at {newest}, to {', '.join(known)}.")
        click.confirm("Keep no more events for it?", abort=True)
    for name in known:
        doors.bus(name, "DELETE", f"consumers/{quote(consumer, safe='')}")
        click.echo(f"{name} keeps no more events for {consumer}.")
    raise SystemExit(1 if silent else 0)


@bus.command()
@state_option
@click.argument("service", type=click.Choice(SERVICES))
def restored(folder: Path, service: str) -> None:
    """Say that a service's database was put back to a backup; do so before the service runs again.

    Its events go on under a new incarnation: what it had told after the backup is void for those who come to it, and
    nothing that it tells from now on is taken for it.

    Example: quintet down; put auth's database back; quintet bus restored auth; quintet up
    """
    from quintet.marking import mark_restored

    click.echo(mark_restored(State(folder), service))


def _last_report(page: dict, consumer: str) -> str | None:
    return next((one["reported_at"] for one in page["items"] if one["name"] == consumer), None)


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
