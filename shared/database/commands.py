"""What every service's command line has for its database: `flask --app services.X.app migrate`."""

import click
from flask import current_app
from flask.cli import with_appcontext


@click.command()
@click.option("--down", metavar="TARGET", help="Go back to TARGET instead, for example auth@-1.")
@with_appcontext
def migrate(down: str | None) -> None:
    """Bring the service's database schema up to date."""
    from shared.database import migrator  # here, so that no api process loads Alembic

    database = current_app.extensions["database"]
    if down:
        migrator.downgrade(database, down)
    else:
        migrator.upgrade(database)
