"""What the operator's container is told: the lines of .env that the Compose file hands on."""

import os

from quintet import envfile
from quintet.failing import Failed
from quintet.settings import ContainerSettings
from quintet.state import SERVICES

PASSWORD = "_DATABASE_PASSWORD"  # noqa: S105 - how the names of such settings end


def names() -> list[str]:
    """The names that may stand in .env, in the order of `make env`."""
    written = [*envfile.choices(ContainerSettings.model_construct()), *envfile.generated(), "COMPOSE_FILE"]
    return [*dict.fromkeys([*written, *sorted(envfile.defaulted())])]


def read() -> dict[str, str]:
    """The lines of .env as this container was given them; Failed where it was given none, or more."""
    given = os.environ  # noqa: TID251 - this is the settings' place here
    told = {name.removesuffix(PASSWORD).lower() for name in given if name.endswith(PASSWORD)}
    if newer := sorted(told - {*SERVICES}):  # it would leave their databases out of a backup and say nothing
        raise Failed(f"This image was built before {', '.join(newer)} came: docker-compose build operator.")
    found = {name: given[name] for name in names() if name in given}
    needed = ["POSTGRES_PASSWORD", "OPERATOR_SERVICE_KEY", *(f"{name.upper()}{PASSWORD}" for name in SERVICES)]
    if missing := [name for name in needed if not found.get(name)]:
        raise Failed(f"{', '.join(missing)} not given: run make env, then `docker-compose run --rm operator …`.")
    return found
