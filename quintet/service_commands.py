"""What a service author types: new-service for one that stands here; service add, list, grant, remove for others."""

from pathlib import Path

import click

from quintet import authoring, outsiders
from quintet.options import state_option
from quintet.state import ROOT, State

READS = "The events that it may read besides its own, by commas: types and families, as 'auth.*,data.record_changed'."


@click.command("new-service")
@click.argument("name")
def new_service(name: str) -> None:
    """Lay down a service of your own that runs as it is: docs/add-a-service.md tells of it."""
    for file in authoring.new_service(name):
        click.echo(f"  {file.relative_to(ROOT)}")
    click.echo("It runs at the next `make up` from a stopped system; `make contracts` takes in its events.")


@click.group("service")
def service() -> None:
    """Know services that stand outside and speak HTTP: docs/events-over-http.md tells of them."""


@service.command()
@state_option
@click.option("--reads", default="", help=READS)
@click.argument("name")
def add(folder: Path, reads: str, name: str) -> None:
    """Give a service outside a key; it counts at once, on a running system too."""
    key = outsiders.add(State(folder), name, outsiders.patterns(reads))
    click.echo(f"{name} may tell events {name}.* and read {reads or 'no others'}. Its private key, for it alone: {key}")


@service.command("list")
@state_option
def list_(folder: Path) -> None:
    """Show the services outside and what each may read."""
    for name, one in outsiders.known(State(folder)).items():
        click.echo(f"{name:<20} reads {', '.join([f'{name}.*', *one['reads']])}")


@service.command()
@state_option
@click.argument("name")
@click.argument("reads")
def grant(folder: Path, name: str, reads: str) -> None:
    """Have a service outside read these events from now on, and no others; '' for its own alone."""
    outsiders.grant(State(folder), name, outsiders.patterns(reads))


@service.command()
@state_option
@click.argument("name")
def remove(folder: Path, name: str) -> None:
    """Have a service outside known no longer; its key opens nothing from now on."""
    outsiders.remove(State(folder), name)
