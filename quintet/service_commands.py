"""What a service author types: new-service for one that stands here; service add, list, grant, remove for others."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import click

from quintet import authoring
from quintet.options import state_option
from quintet.outsiders import Register, patterns
from quintet.state import ROOT, State

REGISTER = "quintet.outsiders"
"""Under which the operator's container keeps its own register in the context of its commands."""
READS = "The events that it may read besides its own, by commas: types and families, as 'auth.*,data.record_changed'."


@click.command("new-service")
@click.argument("name")
def new_service(name: str) -> None:
    """Lay down a service of your own that runs as it is: docs/add-a-service.md tells of it."""
    for file in authoring.new_service(name):
        click.echo(f"  {file.relative_to(ROOT)}")
    click.echo("It runs at the next `make up` from a stopped system; `make contracts` takes in its events.")


def of_register(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the services outside: of the state folder's system, or the operator's container's."""

    @state_option
    @click.pass_context
    @wraps(command)
    def with_register(context: click.Context, folder: Path, **given: str) -> None:
        command(context.meta.get(REGISTER) or Register.of(State(folder)), **given)

    return with_register


@click.group("service")
def service() -> None:
    """Know services that stand outside and speak HTTP: docs/events-over-http.md tells of them."""


@service.command()
@of_register
@click.option("--reads", default="", help=READS)
@click.argument("name")
def add(register: Register, reads: str, name: str) -> None:
    """Give a service outside a key; it counts at once, on a running system too."""
    key = register.add(name, patterns(reads))
    click.echo(f"{name} may tell events {name}.* and read {reads or 'no others'}. Its private key, for it alone: {key}")


@service.command("list")
@of_register
def list_(register: Register) -> None:
    """Show the services outside and what each may read."""
    known = register.known()
    for name, one in known.items():
        click.echo(f"{name:<20} reads {', '.join([f'{name}.*', *one['reads']])}")
    if not known:
        click.echo("There are none.")


@service.command()
@of_register
@click.argument("name")
@click.argument("reads")
def grant(register: Register, name: str, reads: str) -> None:
    """Have a service outside read these events from now on, and no others; '' for its own alone."""
    register.grant(name, patterns(reads))
    click.echo(f"{name} may read {reads or 'no others'} besides its own from now on.")


@service.command()
@of_register
@click.argument("name")
def remove(register: Register, name: str) -> None:
    """Have a service outside known no longer; its key opens nothing from now on."""
    register.remove(name)
    click.echo(f"{name} is known no longer: its key opens nothing.")
