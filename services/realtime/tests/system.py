"""realtime as it runs: gunicorn's gevent worker and the bus role as processes, between sources and a real Redis."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import psutil
import requests

from services.realtime.settings import RealtimeSettings
from services.realtime.tests.sources import Auth, Data, Source
from shared.testing import eventually
from shared.testing.identity import settings_for
from shared.testing.servers import RedisServer, free_port

ROOT = Path(__file__).resolve().parents[3]


class System:
    """Two api instances and one bus role of realtime; `redis` can be stopped and flushed."""

    def __init__(self, folder: Path, redis: RedisServer, database_url: str):
        self.folder, self.redis = folder, redis
        self.data, self.auth = Data(folder, redis.url), Auth(folder, redis.url)
        self.worker = Source("worker", folder, redis.url)
        self.sources = [self.data, self.auth, self.worker]
        self.ports = [free_port(), free_port()]
        self.processes: dict[str, subprocess.Popen] = {}
        addresses = {source.name: source.url for source in self.sources} | {"realtime": self.url()}
        self.outside_file = folder / "outside.json"
        settings = settings_for(
            RealtimeSettings,
            database_url,
            bus_url=redis.url,
            outside_services_file=self.outside_file,
            sources=addresses,
            jwks_url=f"{self.auth.url}/.well-known/jwks.json",
        )
        self.environment = {name.upper(): _as_text(value) for name, value in settings.model_dump().items()}

    def url(self, instance: int = 0) -> str:
        return f"http://127.0.0.1:{self.ports[instance]}"

    def start(self) -> "System":
        for source in self.sources:
            source.start()
        self.run("migrate", "flask", "--app", "services.realtime.app", "migrate").wait(400)
        self.run("bus", "flask", "--app", "services.realtime.app", "bus")
        for instance in range(len(self.ports)):
            self.start_instance(instance)
        for instance in range(len(self.ports)):
            self.await_ready(instance)
        return self

    def start_instance(self, instance: int, **environment: str) -> None:
        served_like = ["--config", str(ROOT / "services/gunicorn.conf.py")]
        listen = ["--bind", f"127.0.0.1:{self.ports[instance]}", "--worker-class", "gevent", "--workers", "1"]
        app = ["services.realtime.app:create_app()", *served_like, *listen, "--graceful-timeout", "1"]
        self.run(f"api{instance}", "gunicorn", *app, **environment)

    def await_ready(self, instance: int) -> None:
        """A process takes its time to begin on a busy machine."""
        eventually(lambda: self.is_ready(instance), within=400)

    def is_ready(self, instance: int) -> bool:
        try:
            return requests.get(f"{self.url(instance)}/readyz", timeout=10).status_code == 200
        except requests.RequestException:
            return False

    def run(self, name: str, module: str, *arguments: str, **environment: str) -> subprocess.Popen:
        kept = {variable: os.environ[variable] for variable in ("PATH", "HOME") if variable in os.environ}  # noqa: TID251
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=self.folder,
                env={**kept, **self.environment, "PYTHONPATH": str(ROOT), **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self.processes[name]

    def log(self, name: str) -> list[dict[str, Any]]:
        """What a process logged so far."""
        lines = (self.folder / f"{name}.log").read_bytes().splitlines()
        return [orjson.loads(line) for line in lines if line.startswith(b"{")]

    def end(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)

    def kill(self, name: str) -> None:
        """With its workers, at once."""
        process = self.processes.pop(name)
        for one in [*psutil.Process(process.pid).children(recursive=True), process]:
            one.kill()
        process.wait(60)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for name in list(self.processes):
            self.end(name)
        for source in self.sources:
            source.stop()


def _as_text(value: Any) -> str:
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else str(value)
