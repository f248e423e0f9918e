"""`quintet dead`: events that a handler gave up, seen, put back, dropped."""

import json
from pathlib import Path
from typing import Any

import click

from quintet.failing import Failed
from quintet.options import json_option, service_option, state_option
from quintet.showing import age, say_json, say_silent, table
from quintet.state import State

REFERENCE = "SERVICE/ID"
MOST = 200


@click.group()
def dead() -> None:
    """Look after dead letters: events that a handler gave up after its last try.

    Each is named as `dead list` shows it, by service and number: mail/12.
    """


@dead.command("list")
@state_option
@service_option
@click.option("--handler", metavar="NAME", help="Only of this handler.")
@click.option("--type", "type_", metavar="TYPE", help="Only of events of this type.")
@click.option("--waiting", "is_waiting", is_flag=True, help="Those that are still tried, instead.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many of each service.")
@json_option
def list_(
    folder: Path,
    service: str | None,
    handler: str | None,
    type_: str | None,
    is_waiting: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List dead letters, the newest of each service first; status 1 when a service does not answer.

    Example: quintet dead list --service mail --handler queue_verification
    """
    from quintet.doors import Doors

    doors = Doors(State(folder))
    wanted = {"handler": handler, "type": type_, "state": "waiting" if is_waiting else "parked", "limit": limit}
    answers, silent = doors.ask_each(doors.chosen(service), lambda name: doors.bus(name, "GET", "dead", params=wanted))
    found = [item | {"service": name} for name, page in answers.items() for item in page["items"]]
    for item in found if as_json else ():
        say_json(item)
    if answers and not as_json:
        _show(found, [name for name, page in answers.items() if page["next"]])
    say_silent(silent, "its dead letters are missing.")
    raise SystemExit(1 if silent else 0)


@dead.command()
@state_option
@json_option
@click.argument("reference", metavar=REFERENCE)
def show(folder: Path, as_json: bool, reference: str) -> None:
    """Show one with why it failed and its event's data; secrets are redacted, who looked is logged.

    Example: quintet dead show mail/12
    """
    found = _ask(folder, reference, "GET")
    say_json(found) if as_json else click.echo(json.dumps(found, indent=2, ensure_ascii=False))


@dead.command()
@state_option
@service_option
@click.option("--handler", metavar="NAME", help="All of this handler's.")
@click.option("--type", "type_", metavar="TYPE", help="All of events of this type.")
@click.option("--all", "is_all", is_flag=True, help="All of the service's.")
@click.argument("references", metavar=f"[{REFERENCE}]...", nargs=-1)
def replay(
    folder: Path,
    service: str | None,
    handler: str | None,
    type_: str | None,
    is_all: bool,
    references: tuple[str, ...],
) -> None:
    """Have dead letters tried again, each in its place.

    What waits of its handler and key, and what comes, queues behind it. What came of its key while it was parked has
    gone on, so the handler meets it late: mend the handler first, and see whether it can take an old event.

    Example: quintet dead replay mail/12 mail/13, or: quintet dead replay --service mail --handler queue_verification
    """
    if bool(references) == bool(handler or type_ or is_all):
        raise Failed(f"Say which: {REFERENCE}, or --service with --handler, --type or --all.")
    if references:
        for reference in references:
            behind = _ask(folder, reference, "POST", "/replay")["queued_behind"]
            click.echo(f"{reference} is tried again" + (f"; {behind} events wait behind it." if behind else "."))
        return
    if service is None:
        raise Failed("Say which service's: --service NAME.")
    count = _replay_all(folder, service, {"handler": handler, "type": type_})
    click.echo(f"{count} dead letters of {service} are tried again.")


@dead.command()
@state_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.argument("references", metavar=f"{REFERENCE}...", nargs=-1, required=True)
def drop(folder: Path, yes: bool, references: tuple[str, ...]) -> None:
    """Drop dead letters for good: their handlers will never see these events.

    Example: quintet dead drop mail/12
    """
    if not yes:
        click.confirm(f"Drop {', '.join(references)} for good?", abort=True)
    for reference in references:
        _ask(folder, reference, "DELETE")
        click.echo(f"{reference} is dropped.")


def _show(found: list[dict[str, Any]], cut: list[str]) -> None:
    """The table, and where there is more than it shows."""
    from shared import clock

    now = clock.now().isoformat()
    rows = [
        (
            f"{one['service']}/{one['id']}",
            one["handler"],
            one["type"],
            one["key"],
            one["attempts"],
            age(one["held_since"], now),
            one["last_error"] or "-",
        )
        for one in found
    ]
    for line in table(("DEAD LETTER", "HANDLER", "TYPE", "KEY", "TRIES", "SINCE", "WHY"), rows) if rows else ():
        click.echo(line)
    if not rows:
        click.echo("There are none.")
    for name in cut:
        click.echo(f"{name} has more; see them with --service {name} --limit {MOST}, or through its API.")


def _replay_all(folder: Path, service: str, wanted: dict[str, str | None]) -> int:
    """Puts back what there was when it began, a portion at a time."""
    from quintet.doors import Doors, Refused, Silent

    doors, count, after = Doors(State(folder)), 0, 0
    doors.chosen(service)
    while after is not None:
        try:
            answer = doors.bus(service, "POST", "dead/replay", json={**wanted, "after": after, "limit": 500})
        except (Silent, Refused) as error:
            raise Failed(f"{error.message} {count} were put back before.") from None
        count, after = count + len(answer["ids"]), answer["next"]
    return count


def _ask(folder: Path, reference: str, method: str, action: str = "") -> Any:
    from quintet.doors import Doors

    service, _, number = reference.partition("/")
    if not number.isdecimal():
        raise Failed(f"{reference} is no dead letter: say it as {REFERENCE}, as `quintet dead list` shows it.")
    doors = Doors(State(folder))
    doors.chosen(service)
    return doors.bus(service, method, f"dead/{number}{action}")
