"""`quintet events replay`: has a service handle a range of events again, and follows it to its end."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from quintet.failing import Failed
from quintet.instants import Instant
from quintet.options import state_option
from quintet.state import State

POLL_SECONDS = 0.5


@click.command()
@state_option
@click.option("--to", "service", required=True, metavar="SERVICE", help="Whose handlers run again.")
@click.option("--type", "types", metavar="TYPE", multiple=True, help="Events of this type; may be given again.")
@click.option("--source", metavar="SERVICE", help="Who announced them; else the type says it.")
@click.option("--since", type=Instant(), required=True, help="Announced from then on: a time, or 30min, 2h, 1d ago.")
@click.option("--until", type=Instant(), help="Announced before then; else until now.")
@click.option("--handler", metavar="NAME", help="Only this handler; else every one that handles them.")
@click.option("--no-wait", is_flag=True, help="Don't follow it; it goes on by itself.")
def replay(
    folder: Path,
    service: str,
    types: tuple[str, ...],
    source: str | None,
    since: datetime,
    until: datetime | None,
    handler: str | None,
    no_wait: bool,
) -> None:
    """Have a range of events handled again by one service.

    Its handlers run again, each event once, in order for each key, beside what comes live: what they did, they do
    again, unless they look at the envelope's `replay`. Only events that the service has handled before and that the
    source's outbox still keeps. It goes on when this command ends.

    Example: quintet events replay --to mail --type auth.user_registered --since 2h --handler queue_verification
    """
    from quintet.doors import Doors

    doors = Doors(State(folder))
    doors.chosen(service)
    order = {"source": source or _source_of(types), "types": list(types), "since": since.isoformat()}
    order |= {"until": until.isoformat()} if until else {}
    order |= {"handler": handler} if handler else {}
    begun = doors.bus(service, "POST", "replays", json=order)
    click.echo(f"Replay {begun['id']} has begun.")
    if not no_wait:
        _follow(lambda: doors.bus(service, "GET", f"replays/{begun['id']}"))


def _source_of(types: tuple[str, ...]) -> str:
    sources = {type_.partition(".")[0] for type_ in types}
    if len(sources) != 1:
        raise Failed("Say which service's events: --source, or --type of one service's.")
    return sources.pop()


def _follow(ask: Any) -> None:
    """Shows how far it is until it has ended; Failed where it did not do all."""
    told = -1
    while True:
        replay = ask()
        if replay["handled"] > told:
            told = replay["handled"]
            click.echo(f"  {told} events handled again")
        if replay["state"] == "failed":
            raise Failed(f"The replay has ended early: {replay['last_error']}")
        if replay["state"] == "done":
            break
        time.sleep(POLL_SECONDS)
    if replay["missed"]:
        raise Failed(f"Done, but {replay['missed']} events were no longer kept.")
    click.echo("Done.")
