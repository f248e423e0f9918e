"""What an operator of containers types to have new ones take the place of the old: roll."""

from pathlib import Path

import click

from quintet import settings
from quintet.compose import Compose
from quintet.rolling import Roll


@click.command()
@click.option("-p", "--project", help="Another Compose project than the one that .env names.")
@click.option("--env-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another .env.")
@click.argument("names", nargs=-1, required=True, metavar="SERVICE…|all")
def roll(names: tuple[str, ...], project: str | None, env_file: Path | None) -> None:
    """Replace the containers of services one by one, without a failed request.

    Their migrations run first. Then, for each container, one more of its service is started from the image as it is
    now, and when its health check passes the old one is told to end, within its grace. How many there are stays.
    """
    Roll(Compose(project, env_file), settings.read().ready_within_seconds, say).run(list(names))


def say(what: str, seconds: float | None) -> None:
    """One step that is done."""
    click.echo(f"  {what:<50}{'' if seconds is None else f'{seconds:6.1f} s'}")
