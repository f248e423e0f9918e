"""Adds `flask migrate` to a service's commands."""

import click


def add_commands(app, database) -> None:
    """`flask --app services.X.app migrate` brings the service's schema up to date."""

    @app.cli.command("migrate")
    @click.option("--down", metavar="TARGET", help="Go back to TARGET instead, for example auth@-1.")
    def migrate(down: str | None):
        """Bring the service's database schema up to date."""
        from shared.database import migrator  # here, so that no api process loads Alembic

        if down:
            migrator.downgrade(database, down)
        else:
            migrator.upgrade(database)
