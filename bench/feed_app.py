"""An api process that answers the feed as a service's does: the same app under Gunicorn, without its resources."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from gunicorn.app.base import BaseApplication

from bench.cores import SERVERS
from bench.roles import process
from bench.stage import SOURCE, until, url_of
from shared.bus import Bus
from shared.bus.feed import FeedClient
from shared.database import Database
from shared.identity.services import ServiceTokens
from shared.settings import Settings
from shared.testing.identity import settings_for
from shared.testing.servers import free_port
from shared.web import create_service

ASKER = "mail"
"""Under whose service token the reader asks."""


class SourceSettings(Settings):
    """The source's."""

    service = SOURCE


class AskerSettings(Settings):
    """The reader's."""

    service = ASKER


class Served(BaseApplication):
    """Gunicorn with the settings of an api process: one worker, eight threads."""

    def __init__(self, address: str, settings: dict):
        self.address, self.settings = address, settings
        super().__init__()

    def load_config(self) -> None:
        told = {"bind": self.address, "worker_class": "gthread", "workers": 1, "threads": 8, "keepalive": 75}
        told |= {"loglevel": "warning", "control_socket_disable": True}
        for name, value in told.items():
            self.cfg.set(name, value)

    def load(self):
        settings, database, bus = SourceSettings(**self.settings), Database(), Bus()
        app = create_service(SOURCE, settings, fetch_keys=dict)
        database.init_app(app, settings)
        bus.init_app(app, settings, database=database)
        return app


def serve(address: str, settings: dict) -> None:
    """Runs in a process of its own until it is ended."""
    Served(address, settings).run()


@contextmanager
def served(database: Database, broker: str) -> Iterator[tuple[FeedClient, int]]:
    """The source's feed over HTTP, from the servers' core: a client under a service token, and the api's pid."""
    url, address = url_of(database), f"127.0.0.1:{free_port()}"
    told = {"bus_url": broker, "celery_url": broker, "cache_url": broker, "log_level": "WARNING"}
    settings, asker = (settings_for(cls, url, **told) for cls in (SourceSettings, AskerSettings))
    with process(SERVERS, serve, address, settings.model_dump()) as api:
        until(lambda: _answers(f"http://{address}/healthz"), "the source's api answers", seconds=30)
        yield FeedClient({SOURCE: f"http://{address}"}, ServiceTokens(ASKER, asker).issue), api.pid


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False


def resident(pid: int, *, with_children: bool = False) -> float:
    """Megabytes in memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    own = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if with_children else []
    return own + sum(resident(int(child)) for child in children)
