"""The system in containers as the operator's container sees it: addresses, credentials, a view as a state folder."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from quintet import binaries, envfile, files, outsiders
from quintet.backup.commands import CONTAINERS_ENV as ENV
from quintet.backup.taking import Places
from quintet.failing import Failed
from quintet.outsiders import Register
from quintet.settings import ContainerSettings, OperatorSettings
from quintet.state import SERVICES, Shape, State, at_work_on

KEYS_FOLDER = ContainerSettings.model_fields["outside_keys_folder"].default
"""What the Compose file mounts at /outside-keys where OUTSIDE_KEYS_FOLDER names nothing else."""


class ContainerSystem:
    """One system; `known` are the lines of its .env, its volumes lie in `root`."""

    def __init__(self, known: dict[str, str], folder: Path, *, root: Path = Path("/"), host: str = "postgres"):
        self.known, self.state, self.store = known, State(folder), root / "files"
        self.outsiders = self._register(root / "outside", root / "outside-keys")
        self._host, _, port = host.partition(":")
        self._port = int(port or 5432)

    def lay_view(self) -> None:
        """Writes what the other commands read in a state folder: whom to ask, with which key, and the settings."""
        self.state.make_folders()
        self.state.save(Shape(database="postgres"))
        sources = {service: f"http://{service}:8000" for service in SERVICES}
        told = {"SERVICE_PRIVATE_KEY": self.known["OPERATOR_SERVICE_KEY"], "SOURCES": json.dumps(sources)}
        files.write(self.state.path("settings/operator.env"), "".join(f"{k}='{v}'\n" for k, v in told.items()))
        files.write(self.state.path(ENV), envfile.text(self.known))
        if self.outsiders.file.exists():
            files.write(outsiders.file_of(self.state), self.outsiders.file.read_text())

    def _register(self, folder: Path, keys: Path) -> Register:
        """The services outside: realtime's user, who is another, reads the file; keys are for who owns their folder."""
        told = Path(self.known.get("OUTSIDE_KEYS_FOLDER") or KEYS_FOLDER)
        lock = partial(files.locked, folder, at_work_on(folder))
        return Register(folder / "services.json", keys, lock, mode=0o644, keys_told=told, is_given=True)

    def url(self, service: str, database: str | None = None) -> str:
        """A service's own database, or another of its role's."""
        password = quote(self.known[f"{service.upper()}_DATABASE_PASSWORD"], safe="")
        return f"postgresql://{service}:{password}@{self._host}:{self._port}/{database or service}"

    def places(self, services: tuple[str, ...], settings: OperatorSettings) -> Places:
        """Where everything is that a backup takes."""
        urls = {service: self.url(service) for service in services}
        return Places(urls, self.store, self.state.folder, binaries.postgres(settings))

    @contextmanager
    def administered(self, database: str = "postgres") -> Iterator[Any]:
        """A connection of PostgreSQL's superuser."""
        import psycopg

        address = {"host": self._host, "port": self._port, "user": "postgres", "dbname": database}
        given = {"password": self.known["POSTGRES_PASSWORD"], "autocommit": True, "connect_timeout": 10}
        try:
            connection = psycopg.connect(**address, **given)
        except psycopg.OperationalError as error:
            raise Failed(f"PostgreSQL does not let us in: {str(error).strip()}") from None
        with connection:
            yield connection
