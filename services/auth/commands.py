"""auth's own commands on its app's command line."""

import sys

import click
from flask import Flask

from services.auth.actions import accounts
from services.auth.extensions import database
from services.auth.hashing import hash_password

SHORTEST_PASSWORD = 8


def init_app(app: Flask) -> None:
    """Adds `flask create-admin`."""

    @app.cli.command("create-admin")
    @click.option("--email", required=True, help="The admin's address; it counts as verified.")
    @click.option("--password", envvar="ADMIN_PASSWORD", hidden=True)  # hidden: a command line is no place for it
    def create_admin(email: str, password: str | None) -> None:
        """Make an admin, whose password is in ADMIN_PASSWORD or on standard input; one that exists stays as it is."""
        password = password or sys.stdin.readline().rstrip("\r\n")
        if len(password) < SHORTEST_PASSWORD:
            raise click.ClickException(f"The password must have {SHORTEST_PASSWORD} characters.")
        password_hash = hash_password(password)
        with database.transaction() as session:
            is_new = accounts.create_admin(session, email=email, password_hash=password_hash)
        click.echo(f"{email} is an admin now." if is_new else f"{email} was an admin already.")
