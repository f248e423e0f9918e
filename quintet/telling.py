"""What `up` tells at its end: where things are, and three requests to try."""

from pathlib import Path

from quintet.environment import public_url
from quintet.settings import OperatorSettings
from quintet.state import State

TEXT = """
  API        {url}
  API page   {url}/docs
  Mails      http://127.0.0.1:{mail_port}
  Database   {database}
  Broker     {broker}
  Admin      {admin}, password in {password}

Try it:

  curl -s {url}/readyz
  curl -s {url}/v1/auth/accounts {header} -d '{sign_up}'
  curl -s {url}/v1/auth/sessions {header} -d "{sign_in}"
"""


def addresses(state: State, settings: OperatorSettings) -> str:
    """The addresses of a system and requests that work as they stand; no secret among them."""
    shape, password = state.shape(), _as_seen(state.path("secrets", "admin_password"))
    return TEXT.format(
        url=public_url(shape, settings),
        mail_port=shape.mail_port,
        database=shape.database,
        broker=shape.broker,
        admin=settings.admin_email,
        password=password,
        header="-H 'Content-Type: application/json'",
        sign_up='{"email":"ada@example.com","password":"correct horse battery"}',
        sign_in=f'{{\\"email\\":\\"{settings.admin_email}\\",\\"password\\":\\"$(cat \'{password}\')\\"}}',
    )


def _as_seen(path: Path) -> Path:
    """The path as short as it can be said from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
