"""How the operator's command fails: with one line for a person, and status 1."""

import errno
from typing import Any

import click

OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""What the machine refuses and an operator can mend; other errors of the system are ours, and shown whole."""


class Failed(click.ClickException):
    """Something an operator must know of or decide; its text is all that is shown."""

    def show(self, file=None) -> None:
        click.secho(self.format_message(), fg="red", err=True)


class Commands(click.Group):
    """Commands that say in a line what the machine refuses them."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs what was typed."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno not in OF_THE_MACHINE:
                raise
            where = f" ({error.filename})" if error.filename else ""
            raise Failed(f"{error.strerror}{where}.") from error
