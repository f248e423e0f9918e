"""What an operator of containers types to have new ones take the place of the old: roll."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from quintet import files, settings
from quintet.compose import Compose
from quintet.failing import Failed
from quintet.rolling import Roll
from quintet.state import ROOT

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.option("-p", "--project", help="Another Compose project than the one that .env names.")
@click.option("--env-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another .env.")
@click.argument("names", nargs=-1, required=True, metavar="SERVICE…|all")
def roll(names: tuple[str, ...], project: str | None, env_file: Path | None) -> None:
    """Replace the containers of services one by one, without a failed request.

    Their migrations run first. Then, for each container, one more of its service is started from the image as it is
    now, and when its health check passes the old one is told to end, within its grace. How many there are stays, also
    when this is interrupted.
    """
    compose = Compose(project, env_file)
    with alone(env_file or ROOT / ".env"), told_to_end() as is_over:
        Roll(compose, settings.read().ready_within_seconds, say, is_over).run(list(names))


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Inside, no other roll of the system whose .env this is can begin: each would count the other's containers."""
    with ExitStack() as held:
        try:
            held.enter_context(files.locked(file, "Another roll is at work here; come again when it is done."))
        except OSError as error:
            raise Failed(f"{file}: {error.strerror}.") from None
        yield


@contextmanager
def told_to_end() -> Iterator[Callable[[], bool]]:
    """Inside, Ctrl-C and the like are kept in mind, since a step that was begun is to be ended or undone."""
    told = []

    def remember(number: int, _frame: object) -> None:
        told.append(number)
        click.echo("  interrupted: this ends with what is being done", err=True)

    before = {number: signal.signal(number, remember) for number in ENDS}
    try:
        yield lambda: bool(told)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(what: str, seconds: float | None) -> None:
    """One step that is done."""
    click.echo(f"  {what:<50}{'' if seconds is None else f'{seconds:6.1f} s'}")
