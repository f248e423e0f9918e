"""How the operator's command fails: with one line for a person, and status 1."""

import click


class Failed(click.ClickException):
    """Something an operator must know of or decide; its text is all that is shown."""

    def show(self, file=None) -> None:
        click.secho(self.format_message(), fg="red", err=True)
