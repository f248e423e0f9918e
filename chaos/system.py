"""The system under chaos: a whole one in its own folder, a proxy between each service and what it stands on."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil

from chaos.disks import Disks
from chaos.schedule import SERVERS
from quintet import choosing, environment, processes, settings, start, stop
from quintet.choosing import Choices
from quintet.keys import Keys
from quintet.state import SERVICES, State
from quintet.supervision import Supervisor
from shared.testing.proxy import Proxy

SCALE = {"data": 2, "realtime": 2, "data-bus": 2, "mail-bus": 2, "mail-tasks": 2, "worker-tasks": 2}
"""What runs twice, so that one can die beside the other, or both at once."""
THROUGH_PROXIES = ("BUS_URL", "CELERY_URL", "CACHE_URL", "DATABASE_URL")
Say = Callable[[str], None]


class System:
    """Brought `up` and `down` once; in between `processes_of` and the proxies are what faults strike."""

    def __init__(self, database: str, broker: str, say: Say, scale: dict[str, int] | None = None):
        self.database, self.broker, self.say = database, broker, say
        self.scale = SCALE if scale is None else scale
        self.folder = Path(tempfile.mkdtemp(prefix="quintet-chaos-"))
        self.folder.chmod(0o711)  # nginx's and PostgreSQL's own users must get through
        self.state = State(self.folder / "var")
        self.settings = settings.read()
        self.proxies: dict[tuple[str, str], Proxy] = {}
        """By service and server: what it stands on is reached through them alone."""
        self.disks = Disks(self.state)

    def up(self) -> None:
        """Everything runs and is ready, every service behind its own proxies."""
        self.state.make_folders()
        choices = Choices(self.database, self.broker, 0, 0, dict(self.scale))
        shape = choosing.assign_ports(choosing.lay_over(self.state.shape(), choices), self.settings, is_running=False)
        self.state.save(shape)
        self.shape, self.keys = shape, Keys(self.state)
        self.disks.mount(SERVICES if self.database == "sqlite" else ["postgres"])
        for service in SERVICES:
            self._stand_between(service)
        start.Up(self.state, self.settings, lambda what, _seconds: self.say(f"  {what}")).run(Choices())
        self.shape = self.state.shape()

    def _stand_between(self, service: str) -> None:
        known = environment.fields(service, self.state, self.shape, self.settings, self.keys)
        urls = {name: known[name] for name in THROUGH_PROXIES}
        for server in SERVERS:
            place = f"@127.0.0.1:{self.shape.ports.get(server)}/"
            if any(place in url for url in urls.values()):
                proxy = self.proxies[service, server] = Proxy(("127.0.0.1", self.shape.ports[server]))
                urls = {name: url.replace(place, f"@127.0.0.1:{proxy.port}/") for name, url in urls.items()}
        override = self.state.path("overrides", f"{service}.env")
        override.touch(mode=0o600)
        override.write_text("".join(f"{name}='{url}'\n" for name, url in urls.items()))

    @property
    def url(self) -> str:
        """The gateway."""
        return f"http://127.0.0.1:{self.shape.port}"

    @property
    def mails_url(self) -> str:
        return f"http://127.0.0.1:{self.shape.mail_port}"

    @property
    def names(self) -> list[str]:
        """Every process but the process manager."""
        return processes.names(self.shape)

    def supervisor(self) -> Supervisor:
        """A connection of the caller's own: one is not to be shared between threads."""
        return Supervisor(self.state, self.shape, self.keys)

    def family(self, name: str) -> list[psutil.Process]:
        """The process of that name and all that it started, the first first; none while it is not running."""
        supervisor = self.supervisor()
        pid, daemon = supervisor.processes()[name]["pid"], supervisor.pid()
        try:
            leader = psutil.Process(pid) if pid else None
            if leader is None or leader.ppid() != daemon:  # never a stranger who was given the same number
                return []
            return [leader, *leader.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def instances(self, name: str) -> list[str]:
        """A process with its siblings."""
        return [name, *(other for other in self.names if other.rpartition("-")[0] == name and other[-1].isdigit())]

    def database_url(self, service: str) -> str:
        """A service's database itself, past the proxy."""
        url = environment.database_url(service, self.shape, self.keys)
        return url.replace("sqlite:///", f"sqlite:///{self.state.folder}/")

    def mend(self) -> None:
        """Every network and disk as it was."""
        for proxy in self.proxies.values():
            proxy.mend()
        self.disks.mend()

    def down(self, *, is_kept: bool) -> None:
        """Ends every process; the folder goes, too, unless it is to be kept."""
        self.mend()
        try:
            stop.down(self.state, self.say)
        finally:
            for proxy in self.proxies.values():
                proxy.close()
            self.disks.unmount(is_kept=is_kept)
        if not is_kept:
            shutil.rmtree(self.folder)

    def note(self, name: str, document: object) -> Path:
        """Keeps a document beside the state folder."""
        file = self.folder / name
        file.write_text(json.dumps(document, indent=2, default=str) + "\n")
        return file
