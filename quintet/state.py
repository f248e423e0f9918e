"""The state folder: where one system keeps all that it writes, and what was chosen for it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from quintet import files

ROOT = Path(__file__).resolve().parent.parent
OURS = ("auth", "data", "realtime", "mail", "worker")
RESERVED = {
    *("operator", "quintet", "shared", "gateway", "beat", "redis", "postgres", "rabbitmq", "supervisor", "smtp"),
    *("files", "public", "challenges", "tls", "run", "log", "mails", "backups", "secrets", "settings", "overrides"),
    *("bus", "events", "jobs", "schedules", "openapi", "asyncapi", "docs"),
}
"""What a service can't be named: processes, folders of the state and paths of the gateway are."""


def at_work_on(folder: Path) -> str:
    """What a command is told that finds another one at the same work."""
    return f"Another quintet command is at work on {folder}."


def is_service_name(name: str) -> bool:
    """Whether a service of an author's own may have this name."""
    return re.fullmatch(r"[a-z][a-z0-9_]{1,29}", name) is not None and name not in {*OURS, *RESERVED}


def discovered(folder: Path) -> tuple[str, ...]:
    """The services of the repository: our five in their order, then every other folder with an app.py."""
    names = sorted(module.parent.name for module in folder.glob("*/app.py"))
    return (*OURS, *(name for name in names if is_service_name(name)))


SERVICES = discovered(ROOT / "services")
OPEN = ("files", "public", "challenges")  # what nginx's workers read; all else is nobody's business
PASSED = ("run",)  # on the way to where they keep the bodies of requests
RESTORING = "restoring.json"  # there while a restore moves things
WRITTEN = ("log", "mails", "redis", "rabbitmq", "run/progress", "run/tmp")
CLOSED = ("tls", "secrets", "settings", "overrides", *WRITTEN, *SERVICES)


@dataclass(frozen=True)
class Shape:
    """What was chosen for a system, and the ports it was given; kept in state.json."""

    database: str = "sqlite"
    broker: str = "redis"
    port: int = 8080
    mail_port: int = 8025
    tls: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    admins: list[str] = field(default_factory=list)

    def count(self, name: str) -> int:
        """How many processes of that name run beside each other."""
        return self.counts.get(name, 1)


class State:
    """One system's folder."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()

    def path(self, *parts: str) -> Path:
        return self.folder.joinpath(*parts)

    def make_folders(self) -> None:
        """The folder and those within it, each only as open as it must be."""
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            self.folder.chmod(0o711)
        for mode, names in ((0o755, OPEN), (0o711, PASSED), (0o700, CLOSED)):
            for name in names:
                if not self.path(name).exists():
                    self.path(name).mkdir()
                    self.path(name).chmod(mode)

    def shape(self) -> Shape:
        """What was chosen last, or the defaults."""
        file = self.path("state.json")
        return Shape(**json.loads(file.read_text())) if file.exists() else Shape()

    def save(self, shape: Shape) -> None:
        files.write(self.path("state.json"), json.dumps(asdict(shape), indent=2) + "\n")

    def remember(self, **changes) -> Shape:
        """Changes single choices."""
        shape = replace(self.shape(), **changes)
        self.save(shape)
        return shape

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held by a command that starts or ends processes, so that two don't cross."""
        self.path("run", "lock").touch()
        with files.locked(self.path("run", "lock"), at_work_on(self.folder)):
            yield
