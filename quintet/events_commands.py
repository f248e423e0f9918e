"""`quintet events`: the events of all services as they come, one of them, a range handled again."""

import json
import time
from pathlib import Path
from uuid import UUID

import click

from quintet.failing import Failed
from quintet.options import json_option, service_option, state_option
from quintet.replay_command import replay
from quintet.showing import say_json, say_silent
from quintet.state import State

POLL_SECONDS = 0.5


@click.group()
def events() -> None:
    """Watch the events that services announce, and have them handled again."""


events.add_command(replay)


@events.command()
@state_option
@service_option
@click.option("--type", "type_", metavar="TYPE", help="Only events of this type, as data.record_changed.")
@click.option("-n", "--lines", type=click.IntRange(0, 200), default=10, show_default=True, help="How many past events.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes from now on, until Ctrl-C.")
@json_option
def tail(folder: Path, service: str | None, type_: str | None, lines: int, follow: bool, as_json: bool) -> None:
    """Show the last events of all services, merged by time.

    Followed, each event is shown once and none is left out, also when a service is away for a while. An event shows up
    when its service's relay has given it a number. Data is never shown here: see `events show`.

    Example: quintet events tail --follow --type auth.user_registered
    """
    from quintet import tail as tails
    from quintet.doors import Doors

    doors = Doors(State(folder))
    following = tails.Tail(doors, doors.chosen(service), type_)
    show = say_json if as_json else lambda event: click.echo(tails.line(event))
    for event in following.begin(lines):
        show(event)
    known_silent = following.silent
    say_silent(sorted(known_silent), "its events are missing.")
    if not follow:
        raise SystemExit(1 if known_silent else 0)
    try:
        while True:
            time.sleep(POLL_SECONDS)
            for event in following.read():
                show(event)
            while following.lost:
                click.secho(f"{following.lost.pop()} was put back to an older database: it goes on from now.", err=True)
            say_silent(sorted(following.silent - known_silent), "its events come once it does.")
            known_silent = following.silent
    except KeyboardInterrupt:
        return


@events.command()
@state_option
@service_option
@json_option
@click.argument("event_id", type=click.UUID)
def show(folder: Path, service: str | None, as_json: bool, event_id: UUID) -> None:
    """Show one event with its data, whichever service announced it.

    Sealed fields and whatever is named like a secret are redacted; the rest may be personal data, so that the service
    logs who looked.

    Example: quintet events show 019a1b2c-0000-7000-8000-000000000000
    """
    from quintet.doors import Doors, Refused

    doors = Doors(State(folder))

    def ask(name: str) -> dict | None:
        try:
            return doors.bus(name, "GET", f"events/{event_id}")
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    answers, silent = doors.ask_each(doors.chosen(service), ask)
    found = next((answer for answer in answers.values() if answer), None)
    if found is None:
        say_silent(silent, "it may have announced the event.")
        raise Failed(f"No outbox keeps an event {event_id}: it is none, or its window has passed.")
    say_json(found) if as_json else click.echo(json.dumps(found, indent=2, ensure_ascii=False))
